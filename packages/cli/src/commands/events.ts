import { type ListedDelivery, type ListedEvent, listEvents } from '@ackline/store/event-list';
import { AppError } from '@ackline/shared/app-error';
import type { SourceConfig } from '@ackline/shared/config/types';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { readAcklineConfig } from '../config-file.ts';
import { withDatabase } from '../database.ts';
import { KEYS_OPTION, wholeNumber } from '../options.ts';
import { hiddenKey } from '@ackline/shared/hidden-key';
import { programName } from '../output/program-name.ts';
import { shortTime } from '../output/short-time.ts';
import { printable } from '@ackline/shared/printable';
import { formatTable } from '../output/text-table.ts';
import { plural } from '../output/units.ts';

const DEFAULT_LIMIT = 20;
/** More is a report, not a look; it would also hold one query open for long. */
export const MAX_LIMIT = 1_000;

interface EventsOptions {
  readonly limit: number;
  readonly source?: string;
  readonly json?: true;
  readonly keys?: true;
}

export function registerEvents(program: Command, context: CommandContext): void {
  program
    .command('events')
    .description('List the newest events with their deliveries')
    .option('-n, --limit <number>', 'how many', wholeNumber(1, MAX_LIMIT), DEFAULT_LIMIT)
    .option('-s, --source <name>', 'only of this source')
    .option('--keys', KEYS_OPTION)
    .option('--json', 'one JSON document per line')
    .addHelpText('after', '\nExample:\n  $ ackline events --source telegram --limit 5')
    .action(async (options: EventsOptions) => {
      const found = await withDatabase(context.config(), pool =>
        listEvents(pool, {
          limit: options.limit,
          ...(options.source === undefined ? {} : { source: options.source }),
        }),
      );
      const events = options.keys === true ? found : found.map(withHiddenKeys);
      if (events.length === 0 && options.source !== undefined) {
        const { configFile, mode } = context.config();
        // Events can be asked for where there is no file, with DATABASE_URL alone.
        const config = await readAcklineConfig(configFile, mode).catch(() => null);
        const nothing = describeNothing(options.source, config?.sources ?? null);
        if (options.json !== true) context.terminal.line(nothing);
      } else if (options.json === true) for (const event of events) context.terminal.line(eventJson(event));
      else context.terminal.line(formatEvents(events));
    });
}

function withHiddenKeys(event: ListedEvent): ListedEvent {
  const { source, dedupKey, orderingKey } = event;
  return {
    ...event,
    dedupKey: hiddenKey(source, dedupKey),
    orderingKey: orderingKey === null ? null : hiddenKey(source, orderingKey),
  };
}

/** One line; the field names are API. Times are ISO, UTC. */
export function eventJson(event: ListedEvent): string {
  return JSON.stringify({
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
function describeNothing(name: string, sources: readonly SourceConfig[] | null): string {
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
