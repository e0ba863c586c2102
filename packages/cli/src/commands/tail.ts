import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { duration, KEYS_OPTION } from '../options.ts';
import { lineStyle } from '../output/event-fields.ts';
import { jsonLine } from '../output/json-line.ts';
import { createAway } from '../remote/away.ts';
import { connectConsole } from '../remote/console-connection.ts';
import { addConsoleOptions, type ConsoleOptions, shownKeys } from '../remote/console-options.ts';
import { findConsole } from '../remote/console-target.ts';
import { sayUnknownSources } from '../remote/unknown-sources.ts';
import { eventLine } from '../tail/event-line.ts';
import { followEvents, type StreamedEvent } from '../tail/follow-events.ts';

interface TailOptions extends ConsoleOptions {
  readonly source?: string;
  readonly type?: string;
  readonly tenant?: string;
  readonly destination?: string;
  readonly orderingKey?: string;
  readonly where?: string;
  readonly since?: number;
  readonly json?: true;
  readonly keys?: true;
}

export function registerTail(program: Command, context: CommandContext): void {
  const command = program
    .command('tail')
    .description('Show events as they are stored, until Ctrl-C; after a break it goes on where it was')
    .option('-s, --source <name>', 'only of this source')
    .option('-t, --type <name>', 'only of this type')
    .option('--tenant <name>', 'only of this tenant')
    .option('-d, --destination <name>', 'only with a delivery to it')
    .option('--ordering-key <key>', 'only of this chat, customer, …')
    .option('-w, --where <json>', 'only what this filter of body and headers takes, as `where` of a route')
    .option('--since <duration>', 'begin so long ago: 10m, 2h', duration)
    .option('--keys', KEYS_OPTION)
    .option('--json', 'one JSON document per line');
  addConsoleOptions(command, 'that of `ackline up` here')
    .addHelpText(
      'after',
      '\nExample:\n  $ ackline tail --source telegram --since 10m\n  $ ackline tail --json | jq .type',
    )
    .action((options: TailOptions) => tail(context, options));
}

async function tail(context: CommandContext, options: TailOptions): Promise<void> {
  const { terminal } = context;
  const stop = context.stop();
  const target = await findConsole(context, options);
  await using connection = connectConsole(target, stop);
  const away = createAway({
    say: terminal.note,
    gone: why => `${target.url} does not answer (${why}): trying again, nothing is skipped`,
    returned: 'It answers again: going on where it was.',
    stop,
  });
  const onLive = (isLive: boolean) =>
    terminal.note(
      isLive ? 'PostgreSQL is back.' : 'PostgreSQL is away from the console: events come when it is back.',
    );
  const write = writerOf(context, options);
  if (context.isTerminal) terminal.note(`Events of ${target.url} as they come, until Ctrl-C.`);
  void sayUnknownSources(connection, options.source === undefined ? [] : [options.source], terminal.note);
  for await (const event of followEvents({ connection, query: queryOf(options), away, onLive, stop }))
    terminal.line(write(event));
  if (context.isTerminal) terminal.note(''); // behind the ^C that it shows
}

function queryOf(options: TailOptions): Record<string, string> {
  const { source, type, tenant, destination, orderingKey, where, since, keys } = options;
  const storedSince = since === undefined ? undefined : new Date(Date.now() - since).toISOString();
  const given = { source, type, tenant, destination, orderingKey, where, storedSince, ...shownKeys(keys) };
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function writerOf(context: CommandContext, { json }: TailOptions): (event: StreamedEvent) => string {
  if (json === true) return jsonLine;
  const style = lineStyle(context);
  return event => eventLine(event, style);
}
