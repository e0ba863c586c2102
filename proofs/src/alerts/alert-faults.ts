import { randomUUID } from 'node:crypto';
import { rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pauseDestination, resumeDestination } from '@ackline/store/destinations';
import { waitFor } from '@ackline/testkit/wait-for';
import { SOURCE_NAMES } from './alert-config.ts';
import type { AlertStage } from './alert-stage.ts';
import { post, postMany, postRegularly } from './requests.ts';

export interface ExpectedAlert {
  readonly name: string;
  /** It must have these among its labels. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Ends a fault. */
type Heal = () => Promise<unknown>;

export interface AlertFault {
  readonly name: string;
  /** Faults of one round are there at once: none hides another. */
  readonly round: string;
  readonly expects: readonly ExpectedAlert[];
  /** Of the run without containers. */
  readonly withoutKafka: boolean;
  /** Of the run in the test tier. */
  readonly short?: boolean;
  cause(stage: AlertStage): Promise<Heal>;
}

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

const logs: readonly AlertFault[] = [
  {
    name: 'Kafka is away',
    round: 'kafka',
    expects: [
      { name: 'AcklineTierBreakerOpen', labels: { breaker: 'kafka' } },
      { name: 'AcklineInboxInUse' },
    ],
    withoutKafka: false,
    async cause({ links }) {
      await links.kafka?.cut();
      return async () => links.kafka?.heal();
    },
  },
  {
    name: 'what only PostgreSQL takes waits in the spool, while Kafka takes the rest',
    round: 'large-body',
    expects: [{ name: 'AcklineSpoolNotDrained' }],
    withoutKafka: false,
    async cause({ links, baseUrl }) {
      await links.ingressPostgres.cut();
      await post(baseUrl, 'telegram', { textLength: 600_000 });
      return () => links.ingressPostgres.heal();
    },
  },
  {
    name: 'all logs but the spool are away',
    round: 'spool',
    expects: [{ name: 'AcklineSpoolInUse' }],
    withoutKafka: true,
    short: true,
    async cause({ links }) {
      await Promise.all([links.kafka?.cut(), links.ingressPostgres.cut()]);
      return () => Promise.all([links.kafka?.heal(), links.ingressPostgres.heal()]);
    },
  },
  {
    name: 'all logs but the spool are away, and it is full',
    round: 'full-spool',
    expects: [
      { name: 'AcklineSpoolFilling' },
      { name: 'AcklineSpoolNotReady' },
      { name: 'AcklineEventsNotDurable', labels: { source: 'telegram' } },
      { name: 'AcklineEventsLost', labels: { source: 'lossy' } },
      { name: 'AcklineProviderMayDisable', labels: { source: 'telegram' } },
      { name: 'AcklineAckSuccessBurnsFast' },
      { name: 'AcklineAckSuccessBurnsSlowly' },
    ],
    withoutKafka: true,
    async cause({ links, baseUrl }) {
      await Promise.all([links.kafka?.cut(), links.ingressPostgres.cut()]);
      const filling = postRegularly(baseUrl, 'quiet', 100, { textLength: 100_000 });
      const lossy = postRegularly(baseUrl, 'lossy', 200);
      return async () => {
        await Promise.all([links.kafka?.heal(), links.ingressPostgres.heal()]);
        await Promise.all([filling[Symbol.asyncDispose](), lossy[Symbol.asyncDispose]()]);
      };
    },
  },
  {
    name: 'a file of the spool is damaged',
    round: 'deliveries',
    expects: [{ name: 'AcklineSpoolDamaged' }],
    withoutKafka: true,
    async cause({ spoolDirectory }) {
      const file = join(spoolDirectory, 'spool-0199f3a0-0000-7000-8000-000000000000.sqlite');
      await writeFile(file, 'no database, but a file of this name. '.repeat(500));
      return () => rm(file);
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
      links.kafka?.slow(LINK_MS);
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
        await Promise.all([links.kafka?.heal(), links.ingressPostgres.heal()]);
      };
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
  ...requests,
  ...stored,
  ...logs,
  ...processes,
];
