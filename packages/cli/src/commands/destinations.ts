import type { ConsoleSchemas } from '@ackline/console-client/client';
import { AppError } from '@ackline/shared/app-error';
import type { AcklineConfig } from '@ackline/shared/config/types';
import { operatorName } from '@ackline/runtime/operator-name';
import {
  type DestinationRow,
  describeDestinations,
  readKnownOfDestinations,
} from '@ackline/store/destination-rows';
import { enableDestination, pauseDestination, resumeDestination } from '@ackline/store/destinations';
import { heldBecause, isHeld } from '@ackline/store/handler-rows';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { readAcklineConfig } from '../config-file.ts';
import { programName } from '../output/program-name.ts';
import { shortTime } from '../output/short-time.ts';
import { formatTable } from '../output/text-table.ts';
import { addConsoleOptions, type ConsoleOptions } from '../remote/console-options.ts';
import { answerOf, ask, THE_DATABASE } from '../remote/with-console.ts';

export function registerDestinations(program: Command, context: CommandContext): void {
  const destinations = program
    .command('destinations')
    .description(
      'List destinations; pause one, resume it, or enable one that is repaired; without a subcommand: list',
    )
    .helpCommand(false)
    .addHelpText('after', '\nExample:\n  $ ackline destinations pause bot --reason "deploy of the bot"');
  registerList(destinations, context);
  registerPause(destinations, context);
  registerResume(destinations, context);
  registerEnable(destinations, context);
}

function registerList(destinations: Command, context: CommandContext): void {
  const list = destinations
    .command('list', { isDefault: true })
    .description(
      'All destinations, and whether work for them is held; those that only have work are listed too',
    )
    .option('--json', 'one JSON document per line');
  addConsoleOptions(list, THE_DATABASE)
    .addHelpText('after', '\nExample:\n  $ ackline destinations list --json')
    .action(async ({ json, ...options }: ListOptions) => {
      const rows = await ask<readonly DestinationRow[]>(context, options, {
        async database(pool) {
          const config = await readConfig(context);
          return describeDestinations(config, await readKnownOfDestinations(pool, config));
        },
        async console(client) {
          const { items } = await answerOf(client.GET('/api/v1/destinations'));
          return items.map(rowOf);
        },
      });
      if (json === true) for (const row of rows) context.terminal.line(JSON.stringify(row));
      else context.terminal.line(formatDestinations(rows));
    });
}

/** In the order that `--json` has. */
function rowOf(shown: ConsoleSchemas['Destination']): DestinationRow {
  const { name, address, paused, breaker, probeInMs, handler } = shown;
  return {
    name,
    url: address,
    paused: paused !== null,
    reason: paused?.reason ?? null,
    pausedAt: paused?.at ?? null,
    breaker,
    probeInMs,
    handler,
  };
}

function registerPause(destinations: Command, context: CommandContext): void {
  const pause = destinations
    .command('pause')
    .description('Hold all work for a destination; nothing is lost')
    .argument('<name>')
    .option('--reason <text>', 'shown wherever the pause is', 'paused by hand');
  addConsoleOptions(pause, THE_DATABASE)
    .addHelpText('after', '\nExample:\n  $ ackline destinations pause bot --reason "deploy of the bot"')
    .action(async (name: string, { reason, ...options }: PauseOptions) => {
      await ask<unknown>(context, options, {
        async database(pool) {
          refuseUnknown(name, await readConfig(context));
          await pauseDestination(pool, name, { reason, actor: operatorName() });
        },
        console: client =>
          answerOf(
            client.POST('/api/v1/destinations/{name}/pause', {
              params: { path: { name } },
              body: { reason },
            }),
          ),
      });
      context.terminal.line(
        `${name} is paused: within seconds its deliveries are held, until \`${programName()} destinations resume ${name}\`.`,
      );
    });
}

function registerResume(destinations: Command, context: CommandContext): void {
  const resume = destinations.command('resume').description('Deliver what was held').argument('<name>');
  addConsoleOptions(resume, THE_DATABASE)
    .addHelpText('after', '\nExample:\n  $ ackline destinations resume bot')
    .action(async (name: string, options: ConsoleOptions) => {
      const wasPaused = await ask(context, options, {
        async database(pool) {
          const changed = await resumeDestination(pool, name, operatorName());
          if (!changed) refuseUnknown(name, await readConfig(context));
          return changed;
        },
        async console(client) {
          const call = client.POST('/api/v1/destinations/{name}/resume', { params: { path: { name } } });
          return (await answerOf(call)).changed;
        },
      });
      context.terminal.line(wasPaused ? `${name} is resumed.` : `${name} was not paused.`);
    });
}

function registerEnable(destinations: Command, context: CommandContext): void {
  const enable = destinations
    .command('enable')
    .description('It is repaired: end its pause, close its breaker, and deliver what was held')
    .argument('<name>');
  addConsoleOptions(enable, THE_DATABASE)
    .addHelpText('after', '\nExample:\n  $ ackline destinations enable bot')
    .action(async (name: string, options: ConsoleOptions) => {
      const wasInTrouble = await ask(context, options, {
        async database(pool) {
          const changed = await enableDestination(pool, name, operatorName());
          if (!changed) refuseUnknown(name, await readConfig(context));
          return changed;
        },
        async console(client) {
          const call = client.POST('/api/v1/destinations/{name}/enable', { params: { path: { name } } });
          return (await answerOf(call)).changed;
        },
      });
      context.terminal.line(
        wasInTrouble ? `${name} goes on with its breaker closed.` : `${name} was in no trouble.`,
      );
    });
}

function readConfig(context: CommandContext): Promise<AcklineConfig> {
  const { configFile, mode } = context.config();
  return readAcklineConfig(configFile, mode);
}

interface ListOptions extends ConsoleOptions {
  readonly json?: true;
}

interface PauseOptions extends ConsoleOptions {
  readonly reason: string;
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
    { whole: ['NAME', 'STATE'] }, // what is wrong with a handler is of no use without its end
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
