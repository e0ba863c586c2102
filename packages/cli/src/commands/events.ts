import { type ListedDelivery, type ListedEvent, listEvents } from '@ackline/store/event-list';
import { readHideKey } from '@ackline/store/hidden-keys';
import { AppError } from '@ackline/shared/app-error';
import type { SourceConfig } from '@ackline/shared/config/types';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { readAcklineConfig } from '../config-file.ts';
import { KEYS_OPTION, wholeNumber } from '../options.ts';
import { jsonLine } from '../output/json-line.ts';
import { programName } from '../output/program-name.ts';
import { shortTime } from '../output/short-time.ts';
import { printable } from '@ackline/shared/printable';
import { formatTable } from '../output/text-table.ts';
import { plural } from '../output/units.ts';
import { addConsoleOptions, type ConsoleOptions, shownKeys } from '../remote/console-options.ts';
import { answerOf, ask, firstOf, isRemote, THE_DATABASE, withConsole } from '../remote/with-console.ts';

const DEFAULT_LIMIT = 20;
/** More is a report, not a look; it would also hold one query open for long. */
export const MAX_LIMIT = 1_000;

interface EventsOptions extends ConsoleOptions {
  readonly limit: number;
  readonly source?: string;
  readonly json?: true;
  readonly keys?: true;
}

export function registerEvents(program: Command, context: CommandContext): void {
  const command = program
    .command('events')
    .description('List the newest events with their deliveries')
    .option('-n, --limit <number>', 'how many', wholeNumber(1, MAX_LIMIT), DEFAULT_LIMIT)
    .option('-s, --source <name>', 'only of this source')
    .option('--keys', KEYS_OPTION)
    .option('--json', 'one JSON document per line');
  addConsoleOptions(command, THE_DATABASE)
    .addHelpText('after', '\nExample:\n  $ ackline events --source telegram --limit 5')
    .action(async (options: EventsOptions) => {
      const events = await listNewest(context, options);
      if (events.length === 0 && options.source !== undefined) {
        const nothing = describeNothing(options.source, await knownSources(context, options));
        if (options.json !== true) context.terminal.line(nothing);
      } else if (options.json === true) for (const event of events) context.terminal.line(eventJson(event));
      else context.terminal.line(formatEvents(events));
    });
}

function listNewest(
  context: CommandContext,
  { limit, source, keys, ...console }: EventsOptions,
): Promise<readonly ListedEvent[]> {
  const ofSource = source === undefined ? {} : { source };
  return ask<readonly ListedEvent[]>(context, console, {
    async database(pool) {
      const found = await listEvents(pool, { limit, ...ofSource });
      if (keys === true) return found;
      const hide = await readHideKey(pool);
      return found.map(event => ({
        ...event,
        dedupKey: hide(event.source, event.dedupKey),
        orderingKey: event.orderingKey === null ? null : hide(event.source, event.orderingKey),
      }));
    },
    async console(client) {
      const asked = { ...ofSource, ...shownKeys(keys) };
      const found = await firstOf(limit, page =>
        answerOf(client.GET('/api/v1/events', { params: { query: { ...page, ...asked } } })),
      );
      return found.map(event => ({
        ...event,
        storedDay: event.storedAt.slice(0, 10),
        receivedAt: new Date(event.receivedAt),
        storedAt: new Date(event.storedAt),
      }));
    },
  });
}

type KnownSource = Pick<SourceConfig, 'name' | 'provider'>;

/** Those of the configuration; null: it can't be read, since events can be asked for where there is no file, with DATABASE_URL alone. */
async function knownSources(
  context: CommandContext,
  options: ConsoleOptions,
): Promise<readonly KnownSource[] | null> {
  if (isRemote(options))
    return withConsole(
      context,
      options,
      async client => (await answerOf(client.GET('/api/v1/sources'))).items,
    );
  const { configFile, mode } = context.config();
  const config = await readAcklineConfig(configFile, mode).catch(() => null);
  return config?.sources ?? null;
}

/** One line; the field names are API. Times are ISO, UTC. */
export function eventJson(event: ListedEvent): string {
  return jsonLine({
    seq: event.seq,
    id: event.id,
    source: event.source,
    tenant: event.tenant,
    provider: event.provider,
    type: event.type,
    dedupKey: event.dedupKey,
    orderingKey: event.orderingKey,
    receivedAt: event.receivedAt.toISOString(),
    storedAt: event.storedAt.toISOString(),
    tier: event.tier,
    routing: event.routing,
    bodyBytes: event.bodyBytes,
    deliveries: event.deliveries.map(delivery => ({
      id: delivery.id,
      route: delivery.route,
      destination: delivery.destination,
      state: delivery.state,
      tries: delivery.tries,
      dueAt: isoTime(delivery.dueAt),
      finishedAt: delivery.finishedAt === null ? null : isoTime(delivery.finishedAt),
      lastStatus: delivery.lastStatus,
      lastError: delivery.lastError,
    })),
  });
}

/** Throws ACKLINE_USAGE for a source that there is not: a mistyped name must not look like an empty store. */
function describeNothing(name: string, sources: readonly KnownSource[] | null): string {
  if (sources === null) return `No events of source ${name}.`;
  const source = sources.find(candidate => candidate.name === name);
  if (source !== undefined) {
    return `No events of source ${name} yet. Send one: ${programName()} send ${source.provider} --source ${name}`;
  }
  const known = sources.map(candidate => candidate.name).join(', ') || 'none';
  throw new AppError(
    'ACKLINE_USAGE',
    `There are no events of source ${JSON.stringify(name)}; known: ${known}`,
  );
}

/** A line per event, its deliveries indented below. */
export function formatEvents(events: readonly ListedEvent[]): string {
  if (events.length === 0) return `No events yet. Send one: ${programName()} send telegram`;
  const table = formatTable(
    ['STORED', 'SOURCE', 'TYPE', 'KEY', 'TIER', 'EVENT / └ DELIVERY'],
    events.map(event => [
      shortTime(event.storedAt),
      event.source,
      event.type,
      event.orderingKey ?? '–',
      event.tier,
      event.id,
    ]),
  );
  const [heading = '', ...lines] = table.split('\n');
  const blocks = lines.map((line, index) => {
    const event = events[index];
    return [line, ...(event === undefined ? [] : deliveryLines(event))].join('\n');
  });
  return [heading, ...blocks].join('\n');
}

function deliveryLines(event: ListedEvent): string[] {
  if (event.routing === 'unmatched') return ['  └ no route takes it'];
  if (event.routing === 'unrouted') return ['  └ its source is not known to the processor yet'];
  return event.deliveries.map(delivery => `  └ ${describeDelivery(delivery)}  ${delivery.id}`);
}

function describeDelivery(delivery: ListedDelivery): string {
  const last = delivery.lastStatus ?? delivery.lastError;
  const outcome = last === null ? '' : ` (${printable(String(last))})`;
  const tries = plural(delivery.tries, 'try', 'tries');
  const next =
    delivery.state === 'due' && delivery.tries > 0 ? `, again ${shortTime(new Date(delivery.dueAt))}` : '';
  return `${delivery.destination}: ${delivery.state}${outcome}, ${tries}${next}`;
}

/** PostgreSQL writes times in JSON with its own offset. */
function isoTime(text: string): string {
  return new Date(text).toISOString();
}
