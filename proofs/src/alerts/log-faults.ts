import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AlertFault } from './alert-fault.ts';
import { post, postRegularly } from './requests.ts';

/** Of the logs that events go to. */
export const logFaults: readonly AlertFault[] = [
  {
    name: 'Kafka is away',
    round: 'kafka',
    expects: [
      { name: 'AcklineTierBreakerOpen', labels: { breaker: 'kafka' } },
      { name: 'AcklineInboxInUse' },
    ],
    withoutKafka: false,
    async cause({ links }) {
      await Promise.all([links.ingressKafka?.cut(), links.processorKafka?.cut()]);
      return () => Promise.all([links.ingressKafka?.heal(), links.processorKafka?.heal()]);
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
      await Promise.all([links.ingressKafka?.cut(), links.ingressPostgres.cut()]);
      return () => Promise.all([links.ingressKafka?.heal(), links.ingressPostgres.heal()]);
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
      await Promise.all([links.ingressKafka?.cut(), links.ingressPostgres.cut()]);
      const filling = postRegularly(baseUrl, 'quiet', 100, { textLength: 100_000 });
      const lossy = postRegularly(baseUrl, 'lossy', 200);
      return async () => {
        await Promise.all([links.ingressKafka?.heal(), links.ingressPostgres.heal()]);
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
