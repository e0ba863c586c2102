import type { ReadCause } from '@ackline/store/parked-causes';
import type { QuarantinedRecord, QuarantineList } from '@ackline/store/quarantine-list';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { KEYS_OPTION, wholeNumber } from '../options.ts';
import { shortTime } from '../output/short-time.ts';
import { formatTable } from '../output/text-table.ts';
import { formatCount, plural } from '../output/units.ts';
import { type ListedParked, type ParkWays, remotePark, storedPark } from '../park/park-ways.ts';
import { addConsoleOptions, type ConsoleOptions } from '../remote/console-options.ts';
import { ask, THE_DATABASE } from '../remote/with-console.ts';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1_000;

/** All that is parked is counted, however much that is. */
export const PARKED_LIMIT_MS = 30_000;

interface ParkOptions extends ConsoleOptions {
  readonly limit: number;
  readonly list?: true;
  readonly cause?: string;
  readonly destination?: string;
  readonly source?: string;
  readonly json?: true;
  readonly keys?: true;
}

export function registerPark(program: Command, context: CommandContext): void {
  const command = program
    .command('park')
    .description(
      'List what needs a person: causes of parked deliveries, which gave up, and quarantined records, which are no events',
    )
    .option('-n, --limit <number>', 'how many', wholeNumber(1, MAX_LIMIT), DEFAULT_LIMIT)
    .option('-l, --list', 'each delivery, not the causes')
    .option('-c, --cause <text>', 'each delivery of this cause, as it is listed')
    .option('-s, --source <name>', 'each delivery of this source')
    .option('-d, --destination <name>', 'only for this destination')
    .option('--keys', KEYS_OPTION)
    .option('--json', 'one JSON document per line');
  addConsoleOptions(command, THE_DATABASE)
    .addHelpText(
      'after',
      '\nExample:\n  $ ackline park\n  $ ackline park --cause "crm 503"\n  $ ackline replay <delivery id>',
    )
    .action(async (options: ParkOptions) => {
      const { causes, deliveries, quarantined } = await readPark(context, options);
      if (options.json === true) {
        for (const cause of causes ?? []) context.terminal.line(causeJson(cause));
        for (const delivery of deliveries ?? []) context.terminal.line(parkedJson(delivery));
        for (const record of quarantined?.records ?? []) context.terminal.line(quarantinedJson(record));
      } else {
        const parked = causes === null ? formatParked(deliveries ?? []) : formatCauses(causes);
        const parts = [parked, ...(quarantined === null ? [] : [formatQuarantined(quarantined)])];
        context.terminal.line(parts.join('\n\n'));
      }
    });
}

/** One of `causes` and `deliveries` is asked for. */
interface Park {
  readonly causes: readonly ReadCause[] | null;
  readonly deliveries: readonly ListedParked[] | null;
  /** null: not asked for, or not for who asks. A record that is no event has no cause, destination or source. */
  readonly quarantined: QuarantineList | null;
}

function readPark(context: CommandContext, options: ParkOptions): Promise<Park> {
  const { limit, list, cause, destination, source, keys } = options;
  const filter = {
    ...(cause === undefined ? {} : { cause }),
    ...(destination === undefined ? {} : { destination }),
    ...(source === undefined ? {} : { source }),
  };
  const isFlat = list === true || cause !== undefined || source !== undefined;
  const read = async (ways: ParkWays): Promise<Park> => {
    const deliveries = isFlat ? await ways.deliveries({ ...filter, limit, keys }) : null;
    return {
      causes: isFlat ? null : await ways.causes({ ...filter, limit }),
      deliveries,
      quarantined: Object.keys(filter).length > 0 ? null : await ways.quarantined(limit),
    };
  };
  return ask(context, options, {
    database: pool => read(storedPark(pool)),
    console: client => read(remotePark(client)),
    limitMs: PARKED_LIMIT_MS,
  });
}

/** One line; the field names are API. Times are ISO, UTC. */
export function causeJson({
  cause,
  destination,
  count,
  hasMore,
  exampleId,
  firstAt,
  lastAt,
}: ReadCause): string {
  return JSON.stringify({
    kind: 'cause',
    cause,
    destination,
    count,
    hasMore,
    exampleId,
    firstAt: firstAt.toISOString(),
    lastAt: lastAt.toISOString(),
  });
}

export function formatCauses(causes: readonly ReadCause[]): string {
  if (causes.length === 0) return 'Nothing is parked.';
  return formatTable(
    ['CAUSE', 'COUNT', 'FIRST', 'LAST', 'EXAMPLE'],
    causes.map(cause => [
      cause.cause,
      atLeast(cause),
      shortTime(cause.firstAt),
      shortTime(cause.lastAt),
      cause.exampleId,
    ]),
    { whole: ['CAUSE'] },
  );
}

/** "12,345", or with "or more" where counting ended there. */
export function atLeast({ count, hasMore }: Pick<ReadCause, 'count' | 'hasMore'>): string {
  return `${formatCount(count)}${hasMore ? ' or more' : ''}`;
}

/** One line; the field names are API. Times are ISO, UTC. */
export function parkedJson(delivery: ListedParked): string {
  return JSON.stringify({
    kind: 'parked',
    id: delivery.id,
    eventId: delivery.eventId,
    source: delivery.source,
    tenant: delivery.tenant,
    route: delivery.route,
    destination: delivery.destination,
    orderingKey: delivery.orderingKey,
    reason: delivery.reason,
    cause: delivery.cause,
    tries: delivery.tries,
    parkedAt: delivery.parkedAt.toISOString(),
    blocks: delivery.blocks,
    lastStatus: delivery.lastAttempt?.status ?? null,
    lastError: delivery.lastAttempt?.error ?? null,
    lastDetail: detailOf(delivery),
  });
}

export function formatParked(parked: readonly ListedParked[]): string {
  if (parked.length === 0) return 'Nothing is parked.';
  return formatTable(
    ['PARKED', 'SOURCE', 'DESTINATION', 'REASON', 'TRIES', 'LAST', 'DELIVERY'],
    parked.map(delivery => [
      shortTime(delivery.parkedAt),
      delivery.source,
      delivery.destination,
      delivery.blocks ? `${delivery.reason} (blocks its key)` : delivery.reason,
      String(delivery.tries),
      lastOf(delivery),
      delivery.id,
    ]),
  );
}

function lastOf(delivery: ListedParked): string {
  const detail = detailOf(delivery);
  const last = String(delivery.lastAttempt?.status ?? delivery.lastAttempt?.error ?? '–');
  return detail === null ? last : `${last}: ${detail}`;
}

/** Failures that come with Kafka's name for them, where it was Kafka's. */
const FROM_KAFKA: ReadonlySet<string> = new Set(['unsendable', 'connect', 'no-leader']);

/** Where an expression or a handler failed, or what Kafka says. What a receiver answered is not shown: it may be any text. */
function detailOf({ lastAttempt }: ListedParked): string | null {
  const error = lastAttempt?.error ?? '';
  const isOurs = FROM_KAFKA.has(error) || error.startsWith('transform-') || error.startsWith('handler-');
  return isOurs ? (lastAttempt?.excerpt ?? null) : null;
}

/** One line; the field names are API. */
export function quarantinedJson(record: QuarantinedRecord): string {
  return JSON.stringify({
    kind: 'quarantined',
    id: record.id,
    origin: record.origin,
    reason: record.reason,
    quarantinedAt: record.quarantinedAt.toISOString(),
  });
}

export function formatQuarantined({ total, hasMore, records }: QuarantineList): string {
  if (total === 0) return 'No record is quarantined.';
  const table = formatTable(
    ['QUARANTINED', 'ORIGIN', 'REASON', 'RECORD'],
    records.map(record => [shortTime(record.quarantinedAt), record.origin, record.reason, record.id]),
  );
  const rest = total > records.length ? `, the newest ${records.length} of them` : '';
  const counted = hasMore ? `${total} or more records` : plural(total, 'record');
  return `${counted} quarantined (kept, but no event)${rest}:\n${table}`;
}
