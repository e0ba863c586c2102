import { resolve } from 'node:path';
import type { SpoolDrained } from '@ackline/eventlog/spool/drain-spool';
import { parseEnvironment } from '@ackline/runtime/environment';
import { eventLogFields } from '@ackline/runtime/environment-fields';
import { checkKafka, kafkaFields, kafkaSettings } from '@ackline/runtime/kafka-environment';
import { createLogger } from '@ackline/runtime/logger';
import { AppError } from '@ackline/shared/app-error';
import { checkPostgresDurability } from '@ackline/store/durability';
import { checkSchema } from '@ackline/store/migrate';
import { createPool } from '@ackline/store/pool';
import { type Command, Option } from 'commander';
import { z } from 'zod';
import type { CommandContext } from '../command-context.ts';
import { findDatabaseUrl } from '../database.ts';
import { duration } from '../options.ts';
import { formatCount, formatMs, plural } from '../output/units.ts';

/** A failover of PostgreSQL, or the election of a partition's leader, takes less. */
const DEFAULT_PATIENCE_MS = 120_000;
/** Of a drain: one commits while the next batch collects. The chart counts with them. */
export const DRAIN_CONNECTIONS = 2;

const { SPOOL_DIR } = eventLogFields;
const spoolEnvironment = z.object({ ...kafkaFields, SPOOL_DIR }).superRefine(checkKafka);

export function registerSpool(program: Command, context: CommandContext): void {
  const command = program
    .command('spool')
    .description('The spool of ingresses that do not run any more')
    .addHelpText('after', '\nExample:\n  $ ackline spool drain /var/lib/ackline/spool');
  command
    .command('drain')
    .description('Take what is in a spool to Kafka, or else PostgreSQL, and end once nothing is left')
    .argument('[directory]', 'default: SPOOL_DIR. Files of an ingress that runs are left to it')
    .addOption(
      new Option('--patience <duration>', 'give up when no log has taken an event for so long')
        .argParser(duration)
        .default(DEFAULT_PATIENCE_MS, '2m'),
    )
    .addHelpText(
      'after',
      '\nThe exit status is 0 only where no file is left. Killed at any moment it loses nothing; run it again.' +
        '\n\nExample:\n  $ KAFKA_BROKERS=kafka:9092 DATABASE_URL=postgres://… ackline spool drain /var/lib/ackline/spool',
    )
    .action((directory: string | undefined, { patience }: { patience: number }) =>
      drain(context, { directory, patienceMs: patience }),
    );
}

async function drain(
  context: CommandContext,
  { directory: named, patienceMs }: { readonly directory: string | undefined; readonly patienceMs: number },
): Promise<void> {
  const { terminal } = context;
  const config = context.config();
  const env = parseEnvironment(spoolEnvironment, config.environment);
  const chosen = named ?? env.SPOOL_DIR;
  if (chosen === null) throw new AppError('ACKLINE_USAGE', 'No spool is named, and SPOOL_DIR is not set');
  const directory = resolve(context.workingDirectory, chosen);
  // Here and not above: no other command needs the Kafka client, which takes longer to load than all of them.
  const { drainSpool } = await import('@ackline/eventlog/spool/drain-spool');
  const pool = createPool({
    connectionString: await findDatabaseUrl(config),
    applicationName: 'ackline-cli',
    max: DRAIN_CONNECTIONS,
    onError: () => undefined, // the query that was running rejects with the same error
  });
  try {
    const drained = await drainSpool({
      directory,
      kafka: kafkaSettings(env),
      pool,
      async checkPostgres() {
        await checkPostgresDurability(pool);
        await checkSchema(pool);
      },
      patienceMs,
      log: createLogger({
        service: 'ackline',
        level: 'warn',
        destination: { write: line => terminal.note(line.trimEnd()) },
      }),
      onProgress: ({ taken, left }) =>
        terminal.progress(`${plural(taken, 'event')} taken, ${formatCount(left)} left in the open files`),
    });
    if (drained.files.length > 0) {
      throw new AppError('ACKLINE_SPOOL_NOT_DRAINED', describeLeft(directory, drained, patienceMs));
    }
    terminal.line(`${plural(drained.taken, 'event')} taken; ${directory} holds no event any more.`);
  } finally {
    await pool.end();
  }
}

/** For the terminal: what is still in the directory, and why. */
export function describeLeft(
  directory: string,
  { taken, files, spool }: SpoolDrained,
  patienceMs: number,
): string {
  const { events, leftovers, corruptFiles, quarantined } = spool;
  const parts = [
    events === 0 ? null : `${plural(events, 'event')} that no log took for ${formatMs(patienceMs)}`,
    leftovers === 0 ? null : `${plural(leftovers, 'file')} of a process that runs, or not yet open`,
    quarantined === 0 ? null : `${plural(quarantined, 'row')} quarantined`,
    corruptFiles.length === 0 ? null : `damaged: ${corruptFiles.join(', ')}`,
  ].filter(part => part !== null);
  const what = parts.length === 0 ? plural(files.length, 'file') : parts.join('; ');
  return `${plural(taken, 'event')} taken, but ${directory} still holds ${what}`;
}
