import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { runListen } from '../listen/run-listen.ts';
import { listenTarget, type ListenTarget } from '../listen/target-url.ts';
import { duration } from '../options.ts';
import { addConsoleOptions, type ConsoleOptions } from '../remote/console-options.ts';
import { findConsole } from '../remote/console-target.ts';

interface ListenOptions extends ConsoleOptions {
  readonly type?: string;
  readonly tenant?: string;
  readonly where?: string;
  readonly since?: number;
  readonly fromNow?: true;
}

export function registerListen(program: Command, context: CommandContext): void {
  const command = program
    .command('listen')
    .description('Send events to a server on this machine as they come, in order, and none skipped')
    .argument('<port|url>', 'where they go: 3000, http://localhost:3000/webhook', listenTarget)
    .argument('[sources...]', 'only of these (default: all)')
    .option('-t, --type <name>', 'only of this type')
    .option('--tenant <name>', 'only of this tenant')
    .option('-w, --where <json>', 'only what this filter of body and headers takes, as `where` of a route')
    .option('--since <duration>', 'begin so long ago: 10m, 2h (default: where it was, or now)', duration)
    .option('--from-now', 'begin now, wherever it was');
  addConsoleOptions(command, 'that of `ackline up` here')
    .addHelpText('after', HELP)
    .action(async (target: ListenTarget, sources: readonly string[], options: ListenOptions) => {
      const { type, tenant, where, since, fromNow } = options;
      await runListen(context, {
        console: await findConsole(context, options),
        target,
        filters: {
          ...(sources.length === 0 ? {} : { source: [...new Set(sources)].toSorted() }),
          ...(type === undefined ? {} : { type }),
          ...(tenant === undefined ? {} : { tenant }),
          ...(where === undefined ? {} : { where }),
        },
        sinceMs: since ?? null,
        fromNow: fromNow === true,
      });
    });
}

const HELP = `
A port or a host gets the path that the provider called, a URL with a path gets all. Where it was is kept in
ACKLINE_DATA_DIR for each console, place and filter: a listener that was off gets what came meanwhile.
Any answer counts; without one it waits, and nothing is skipped.

Example:
  $ ackline listen 3000
  $ ackline listen localhost:3000/webhook telegram stripe --since 10m`;
