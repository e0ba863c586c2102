import { AppError } from '@ackline/shared/app-error';
import type { AcklineConfig } from '@ackline/shared/config/types';
import { operatorName } from '@ackline/runtime/operator-name';
import {
  type DestinationRow,
  describeDestinations,
  readKnownOfDestinations,
} from '@ackline/store/destination-rows';
import { pauseDestination, resumeDestination } from '@ackline/store/destinations';
import { heldBecause, isHeld } from '@ackline/store/handler-rows';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { readAcklineConfig } from '../config-file.ts';
import { withDatabase } from '../database.ts';
import { programName } from '../output/program-name.ts';
import { shortTime } from '../output/short-time.ts';
import { formatTable } from '../output/text-table.ts';
import { addConsoleOptions, type ConsoleOptions } from '../remote/console-options.ts';
import { answerOf, isRemote, THE_DATABASE, withConsole } from '../remote/with-console.ts';

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
    .description(
      'All destinations, and whether work for them is held; those that only have work are listed too',
    )
    .option('--json', 'one JSON document per line')
    .addHelpText('after', '\nExample:\n  $ ackline destinations list --json')
    .action(async (options: { json?: true }) => {
      const config = await readConfig();
      const rows = await withDatabase(context.config(), async pool =>
        describeDestinations(config, await readKnownOfDestinations(pool, config)),
      );
      if (options.json === true) for (const row of rows) context.terminal.line(JSON.stringify(row));
      else context.terminal.line(formatDestinations(rows));
    });

  const pause = destinations
    .command('pause')
    .description('Hold all work for a destination; nothing is lost')
    .argument('<name>')
    .option('--reason <text>', 'shown wherever the pause is', 'paused by hand');
  addConsoleOptions(pause, THE_DATABASE)
    .addHelpText('after', '\nExample:\n  $ ackline destinations pause bot --reason "deploy of the bot"')
    .action(async (name: string, { reason, ...options }: PauseOptions) => {
      if (isRemote(options)) await pauseRemote(context, options, { name, reason });
      else {
        refuseUnknown(name, await readConfig());
        await withDatabase(context.config(), pool =>
          pauseDestination(pool, name, { reason, actor: operatorName() }),
        );
      }
      context.terminal.line(
        `${name} is paused: within seconds its deliveries are held, until \`${programName()} destinations resume ${name}\`.`,
      );
    });

  const resume = destinations.command('resume').description('Deliver what was held').argument('<name>');
  addConsoleOptions(resume, THE_DATABASE)
    .addHelpText('after', '\nExample:\n  $ ackline destinations resume bot')
    .action(async (name: string, options: ConsoleOptions) => {
      const isThere = isRemote(options);
      const wasPaused = isThere
        ? await resumeRemote(context, options, name)
        : await withDatabase(context.config(), pool => resumeDestination(pool, name, operatorName()));
      if (!wasPaused && !isThere) refuseUnknown(name, await readConfig());
      context.terminal.line(wasPaused ? `${name} is resumed.` : `${name} was not paused.`);
    });
}

interface PauseOptions extends ConsoleOptions {
  readonly reason: string;
}

async function pauseRemote(
  context: CommandContext,
  options: ConsoleOptions,
  { name, reason }: { readonly name: string; readonly reason: string },
): Promise<void> {
  const call = { params: { path: { name } }, body: { reason } };
  await withConsole(context, options, client =>
    answerOf(client.POST('/api/v1/destinations/{name}/pause', call)),
  );
}

async function resumeRemote(
  context: CommandContext,
  options: ConsoleOptions,
  name: string,
): Promise<boolean> {
  const { changed } = await withConsole(context, options, client =>
    answerOf(client.POST('/api/v1/destinations/{name}/resume', { params: { path: { name } } })),
  );
  return changed;
}

function refuseUnknown(name: string, config: AcklineConfig): void {
  const known = config.destinations.map(destination => destination.name);
  if (known.includes(name)) return;
  throw new AppError(
    'ACKLINE_USAGE',
    `There is no destination ${JSON.stringify(name)} in the configuration; known: ${known.join(', ') || 'none'}`,
  );
}

export function formatDestinations(rows: readonly DestinationRow[]): string {
  if (rows.length === 0) return 'The configuration has no destinations.';
  return formatTable(
    ['NAME', 'URL', 'STATE'],
    rows.map(row => [row.name, row.url ?? '(not in the configuration)', stateOf(row)]),
    { wholeLast: true }, // what is wrong with a handler is of no use without its end
  );
}

function stateOf(row: DestinationRow): string {
  if (row.pausedAt !== null) return `paused ${shortTime(new Date(row.pausedAt))}: ${row.reason ?? ''}`;
  if (row.url === null) return 'held';
  if (row.handler !== null && isHeld(row.handler)) return heldBecause(row.handler);
  return breakerState(row) ?? activeState(row);
}

/** null: it lets everything through. */
function breakerState(row: DestinationRow): string | null {
  if (row.probeInMs !== null && row.breaker === 'half open') return 'half open, the next delivery probes';
  if (row.probeInMs !== null) return `open, probe in ${Math.ceil(row.probeInMs / 1_000)} s`;
  return row.breaker === 'closed' ? null : row.breaker;
}

function activeState(row: DestinationRow): string {
  const problem = row.handler?.problem ?? null;
  return problem === null ? 'active' : `active as before: ${problem}`;
}
