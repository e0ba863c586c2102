import { randomUUID } from 'node:crypto';
import { utimes, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { pauseDestination, resumeDestination } from '@ackline/store/destinations';
import { waitFor } from '@ackline/testkit/wait-for';
import { BROKEN_MODULE, HANDLER_MODULE, SOURCE_NAMES } from './alert-config.ts';
import type { AlertFault } from './alert-fault.ts';
import { logFaults } from './log-faults.ts';
import { post, postMany, postRegularly } from './requests.ts';

const YEAR_S = 31_536_000;
const WRONG_TOKEN = 'not-the-token-0123456789_abcdefghij';

const deliveries: readonly AlertFault[] = [
  {
    name: 'a destination answers 503, and is tried for long',
    round: 'deliveries',
    expects: [
      { name: 'AcklineDestinationBreakerOpen', labels: { breaker: 'erp' } },
      { name: 'AcklineOldestUndelivered', labels: { destination: 'erp' } },
    ],
    withoutKafka: true,
    async cause({ receivers, baseUrl }) {
      receivers.erp.always({ status: 503 });
      await postMany(baseUrl, 'to-erp', 12);
      return async () => receivers.erp.always({ status: 200 });
    },
  },
  {
    name: 'a destination answers 503, and its deliveries are parked',
    round: 'deliveries',
    expects: [{ name: 'AcklineParkedGrowing', labels: { destination: 'crm' } }],
    withoutKafka: true,
    async cause({ receivers, baseUrl }) {
      receivers.crm.always({ status: 503 });
      const load = postRegularly(baseUrl, 'to-crm', 100);
      return async () => {
        await load[Symbol.asyncDispose]();
        receivers.crm.always({ status: 200 });
      };
    },
  },
  {
    name: 'a person pauses a destination',
    round: 'deliveries',
    expects: [{ name: 'AcklineDeliveriesHeld', labels: { destination: 'receiver' } }],
    withoutKafka: true,
    async cause({ pool }) {
      await pauseDestination(pool, 'receiver', { reason: 'the proof of alerts', actor: 'proof' });
      return () => resumeDestination(pool, 'receiver', 'proof');
    },
  },
];

const handlers: readonly AlertFault[] = [
  {
    name: 'the module of a handler is broken',
    // Apart from the other one, whose threads would not come up again.
    round: 'lock',
    expects: [{ name: 'AcklineHandlerNotLoaded', labels: { destination: 'bot' } }],
    withoutKafka: true,
    async cause({ moduleFile, processor }) {
      const put = async (text: string) => {
        await writeFile(moduleFile, text);
        processor.process().kill('SIGHUP');
      };
      await put(BROKEN_MODULE);
      return () => put(HANDLER_MODULE);
    },
  },
  {
    name: 'a handler is ended in the middle of what it does once',
    round: 'deliveries',
    expects: [{ name: 'AcklineHandlerUncertain', labels: { destination: 'bot' } }],
    withoutKafka: true,
    async cause({ baseUrl }) {
      await postMany(baseUrl, 'to-bot', 3);
      return async () => undefined;
    },
  },
];

const requests: readonly AlertFault[] = [
  {
    name: 'a quarter of the requests have a wrong token',
    round: 'deliveries',
    expects: [{ name: 'AcklineVerificationFailures', labels: { source: 'strangers' } }],
    withoutKafka: true,
    short: true,
    async cause({ baseUrl }) {
      const good = postRegularly(baseUrl, 'strangers', 100);
      const bad = postRegularly(baseUrl, 'strangers', 300, { token: WRONG_TOKEN });
      return async () => {
        await bad[Symbol.asyncDispose]();
        await good[Symbol.asyncDispose]();
      };
    },
  },
  {
    name: 'a source gets nothing but refusals',
    round: 'deliveries',
    expects: [{ name: 'AcklineProviderMayDisable', labels: { source: 'quiet' } }],
    withoutKafka: true,
    short: true,
    async cause({ baseUrl }) {
      await postMany(baseUrl, 'quiet', 6, { token: WRONG_TOKEN });
      return () => post(baseUrl, 'quiet');
    },
  },
  {
    name: 'a secret was written over a year ago',
    round: 'deliveries',
    expects: [{ name: 'AcklineSecretOld', labels: { source: 'quiet' } }],
    withoutKafka: true,
    async cause({ secretFile }) {
      const then = Date.now() / 1_000 - 1.1 * YEAR_S;
      await utimes(secretFile, then, then);
      return () => utimes(secretFile, Date.now() / 1_000, Date.now() / 1_000);
    },
  },
  {
    name: 'the collector of traces answers 503',
    round: 'deliveries',
    expects: [{ name: 'AcklineSpansDropped', labels: { service: 'ingress' } }],
    withoutKafka: true,
    async cause({ receivers }) {
      receivers.collector.always({ status: 503 });
      return async () => receivers.collector.always({ status: 200 });
    },
  },
];

const stored: readonly AlertFault[] = [
  {
    name: 'a stranger writes into the log',
    round: 'deliveries',
    expects: [{ name: 'AcklineEventsQuarantined' }],
    withoutKafka: true,
    async cause({ pool }) {
      const write = () =>
        pool.query(
          "insert into inbox (id, key_hash, after_offset, key_id, meta, body) values ($1, 1, -1, 'none', '\\x00', '\\x00')",
          [randomUUID()],
        );
      await write();
      return async () => undefined;
    },
  },
  {
    name: 'the ingress has a newer ackline.yaml than the processor',
    round: 'deliveries',
    expects: [{ name: 'AcklineEventsUnrouted' }],
    withoutKafka: true,
    async cause({ baseUrl, writeConfig }) {
      await writeConfig('ingress', [...SOURCE_NAMES, 'early']);
      await waitFor(async () => (await post(baseUrl, 'early')) === 200, { what: 'the new source' });
      return () => writeConfig('processor', [...SOURCE_NAMES, 'early']);
    },
  },
  {
    name: 'ackline.yaml is broken',
    round: 'lock',
    expects: [{ name: 'AcklineConfigRefused', labels: { service: 'processor' } }],
    withoutKafka: true,
    async cause({ configPaths, writeConfig }) {
      await writeFile(configPaths.processor, 'sources: [');
      return () => writeConfig('processor', [...SOURCE_NAMES, 'early']);
    },
  },
  {
    name: 'a lock on a table keeps what comes from being stored',
    round: 'lock',
    expects: [{ name: 'AcklineLagHigh' }, { name: 'AcklineLagCritical' }],
    withoutKafka: true,
    async cause({ pool }) {
      const client = await pool.connect();
      await client.query('begin; lock table event_keys in access exclusive mode');
      return async () => {
        await client.query('rollback');
        client.release();
      };
    },
  },
];

/** It stands still for so long, and runs for a while: what was in flight is that late, and a scrape finds it. */
const STILL_MS = 4_000;
const RUNS_MS = 2_000;
/** Of the way to the logs, so that a moment finds requests in flight. */
const LINK_MS = 150;

const processes: readonly AlertFault[] = [
  {
    name: 'the ingress stands still, again and again',
    round: 'still',
    expects: [
      { name: 'AcklineAckSlow', labels: { source: 'telegram' } },
      { name: 'AcklineAckVerySlow', labels: { source: 'telegram' } },
      { name: 'AcklineAckLatencyBurnsFast' },
      { name: 'AcklineAckLatencyBurnsSlowly' },
    ],
    withoutKafka: true,
    async cause({ ingress, links }) {
      links.ingressKafka?.slow(LINK_MS);
      links.ingressPostgres.slow(LINK_MS);
      const stop = new AbortController();
      const running = (async () => {
        while (!stop.signal.aborted) {
          ingress.process().kill('SIGSTOP');
          await delay(STILL_MS);
          ingress.process().kill('SIGCONT');
          await delay(RUNS_MS);
        }
      })();
      return async () => {
        stop.abort();
        await running;
        await Promise.all([links.ingressKafka?.heal(), links.ingressPostgres.heal()]);
      };
    },
  },
  {
    name: 'Kafka is away from the processor alone',
    // It takes as long as the other one, which is of the ingress alone.
    round: 'still',
    expects: [{ name: 'AcklineProcessorNotReadingKafka' }, { name: 'AcklineKafkaUnread' }],
    withoutKafka: false,
    async cause({ links }) {
      await links.processorKafka?.cut();
      return async () => links.processorKafka?.heal();
    },
  },
  {
    name: 'PostgreSQL is away from the processor',
    round: 'large-body',
    expects: [
      { name: 'AcklineFiguresStale' },
      { name: 'AcklinePoolExhausted', labels: { pool: 'ackline-processor' } },
    ],
    withoutKafka: true,
    async cause({ links }) {
      links.processorPostgres.stall();
      return () => links.processorPostgres.heal();
    },
  },
  {
    name: 'somebody reads a day for long that is over',
    round: 'still',
    expects: [{ name: 'AcklineRetentionStuck' }],
    withoutKafka: true,
    async cause({ pool }) {
      const client = await pool.connect();
      await client.query(
        "create table events_20200101 partition of events for values from ('2020-01-01') to ('2020-01-02')",
      );
      await client.query('begin; lock table events_20200101 in access share mode');
      // Days were looked at already, and are looked at once an hour, but by who has just taken this over.
      await pool.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'ackline-retention'",
      );
      return async () => {
        await client.query('rollback');
        client.release();
      };
    },
  },
  {
    name: 'the ingress is killed',
    round: 'killed',
    expects: [
      { name: 'AcklineTargetDown', labels: { job: 'ackline-ingress' } },
      { name: 'AcklineIngressAbsent' },
    ],
    withoutKafka: true,
    short: true,
    async cause({ ingress }) {
      await ingress.process().stop('SIGKILL');
      return () => ingress.start();
    },
  },
  {
    name: 'the processor is killed',
    round: 'killed',
    expects: [
      { name: 'AcklineTargetDown', labels: { job: 'ackline-processor' } },
      { name: 'AcklineProcessorAbsent' },
    ],
    withoutKafka: true,
    async cause({ processor }) {
      await processor.process().stop('SIGKILL');
      return () => processor.start();
    },
  },
];

/** In the order in which their rounds are run; those that leave windows full of errors come last. */
export const alertFaults: readonly AlertFault[] = [
  ...deliveries,
  ...handlers,
  ...requests,
  ...stored,
  ...logFaults,
  ...processes,
];
