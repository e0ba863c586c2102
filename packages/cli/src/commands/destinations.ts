import { AppError } from '@ackline/shared/app-error';
import { addressOf } from '@ackline/shared/config/destination-address';
import type { AcklineConfig } from '@ackline/shared/config/types';
import {
  listPausedDestinations,
  type PausedDestination,
  pauseDestination,
  resumeDestination,
} from '@ackline/store/destinations';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { readAcklineConfig } from '../config-file.ts';
import { withDatabase } from '../database.ts';
import { operatorName } from '../operator.ts';
import { formatTable } from '../output/text-table.ts';
import { shortTime } from './events.ts';

export function registerDestinations(program: Command, context: CommandContext): void {
  const destinations = program
    .command('destinations')
    .description('List destinations; pause one and resume it; without a subcommand: list')
    .helpCommand(false)
    .addHelpText('after', '\nExample:\n  $ ackline destinations pause bot --reason "deploy of the bot"');

  const readConfig = () => {
    const { configFile, mode } = context.config();
    return readAcklineConfig(configFile, mode);
  };

  destinations
    .command('list', { isDefault: true })
    .description('All destinations of the configuration, and whether work for them is held')
    .option('--json', 'one JSON document per line')
    .addHelpText('after', '\nExample:\n  $ ackline destinations list --json')
    .action(async (options: { json?: true }) => {
      const config = await readConfig();
      const paused = await withDatabase(context.config(), listPausedDestinations);
      const rows = describeDestinations(config, paused);
      if (options.json === true) for (const row of rows) context.terminal.line(JSON.stringify(row));
      else context.terminal.line(formatDestinations(rows));
    });

  destinations
    .command('pause')
    .description('Hold all work for a destination; nothing is lost')
    .argument('<name>')
    .option('--reason <text>', 'shown wherever the pause is', 'paused by hand')
    .addHelpText('after', '\nExample:\n  $ ackline destinations pause bot --reason "deploy of the bot"')
    .action(async (name: string, options: { reason: string }) => {
      refuseUnknown(name, await readConfig());
      const { reason } = options;
      await withDatabase(context.config(), pool =>
        pauseDestination(pool, name, { reason, actor: operatorName() }),
      );
      context.terminal.line(
        `${name} is paused: within seconds its deliveries are held, until \`ackline destinations resume ${name}\`.`,
      );
    });

  destinations
    .command('resume')
    .description('Deliver what was held')
    .argument('<name>')
    .addHelpText('after', '\nExample:\n  $ ackline destinations resume bot')
    .action(async (name: string) => {
      const wasPaused = await withDatabase(context.config(), pool =>
        resumeDestination(pool, name, operatorName()),
      );
      if (!wasPaused) refuseUnknown(name, await readConfig());
      context.terminal.line(wasPaused ? `${name} is resumed.` : `${name} was not paused.`);
    });
}

function refuseUnknown(name: string, config: AcklineConfig): void {
  const known = config.destinations.map(destination => destination.name);
  if (known.includes(name)) return;
  throw new AppError(
    'ACKLINE_USAGE',
    `There is no destination ${JSON.stringify(name)} in the configuration; known: ${known.join(', ') || 'none'}`,
  );
}

export interface DestinationRow {
  readonly name: string;
  /** null: the configuration does not have it any more. */
  readonly url: string | null;
  readonly paused: boolean;
  readonly reason: string | null;
  readonly pausedAt: string | null;
}

/** The destinations of the configuration, then those that are paused but not in it. */
export function describeDestinations(
  config: AcklineConfig,
  paused: readonly PausedDestination[],
): readonly DestinationRow[] {
  const pauses = new Map(paused.map(pause => [pause.name, pause]));
  const urls = new Map(config.destinations.map(destination => [destination.name, addressOf(destination)]));
  return [...new Set([...urls.keys(), ...pauses.keys()])].map(name => {
    const pause = pauses.get(name);
    return {
      name,
      url: urls.get(name) ?? null,
      paused: pause !== undefined,
      reason: pause?.reason ?? null,
      pausedAt: pause?.pausedAt.toISOString() ?? null,
    };
  });
}

export function formatDestinations(rows: readonly DestinationRow[]): string {
  if (rows.length === 0) return 'The configuration has no destinations.';
  return formatTable(
    ['NAME', 'URL', 'STATE'],
    rows.map(row => [row.name, row.url ?? '(not in the configuration)', stateOf(row)]),
  );
}

function stateOf(row: DestinationRow): string {
  if (row.pausedAt === null) return 'active';
  return `paused ${shortTime(new Date(row.pausedAt))}: ${row.reason ?? ''}`;
}
