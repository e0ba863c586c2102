import { listParked, type ParkedDelivery } from '@ackline/store/parked';
import { listCauses, type ParkedCause } from '@ackline/store/parked-causes';
import { listQuarantined, type QuarantinedRecord, type QuarantineList } from '@ackline/store/quarantine-list';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { withDatabase } from '../database.ts';
import { KEYS_OPTION, wholeNumber } from '../options.ts';
import { hiddenKey } from '@ackline/shared/hidden-key';
import { shortTime } from '../output/short-time.ts';
import { formatTable } from '../output/text-table.ts';
import { formatCount, plural } from '../output/units.ts';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1_000;

/** All that is parked is counted, however much that is. */
export const PARKED_LIMIT_MS = 30_000;

interface ParkOptions {
  readonly limit: number;
  readonly list?: true;
  readonly cause?: string;
  readonly destination?: string;
  readonly source?: string;
  readonly json?: true;
  readonly keys?: true;
}

export function registerPark(program: Command, context: CommandContext): void {
  program
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
    .option('--json', 'one JSON document per line')
    .addHelpText(
      'after',
      '\nExample:\n  $ ackline park\n  $ ackline park --cause "crm 503"\n  $ ackline replay <delivery id>',
    )
    .action(async (options: ParkOptions) => {
      const { parked, quarantined } = await readPark(context, options);
      if (options.json === true) {
        const lines = [...parked.json, ...(quarantined?.records ?? []).map(quarantinedJson)];
        for (const line of lines) context.terminal.line(line);
      } else {
        const parts = [parked.text, ...(quarantined === null ? [] : [formatQuarantined(quarantined)])];
        context.terminal.line(parts.join('\n\n'));
      }
    });
}

interface ListedPark {
  readonly parked: { readonly json: readonly string[]; readonly text: string };
  /** null: not asked for. A record that is no event has no cause, destination or source. */
  readonly quarantined: QuarantineList | null;
}

async function readPark(context: CommandContext, options: ParkOptions): Promise<ListedPark> {
  const { limit, list, cause, destination, source, keys } = options;
  const filter = {
    ...(cause === undefined ? {} : { cause }),
    ...(destination === undefined ? {} : { destination }),
    ...(source === undefined ? {} : { source }),
  };
  const isFlat = list === true || cause !== undefined || source !== undefined;
  return withDatabase(
    context.config(),
    async pool => ({
      parked: isFlat
        ? describeList(
            (await listParked(pool, { ...filter, limit })).map(keys === true ? same : withHiddenKey),
          )
        : describeCauses(await listCauses(pool, { ...filter, limit })),
      quarantined: Object.keys(filter).length > 0 ? null : await listQuarantined(pool, { limit }),
    }),
    { limitMs: PARKED_LIMIT_MS },
  );
}

const same = (delivery: ParkedDelivery): ParkedDelivery => delivery;

function withHiddenKey(delivery: ParkedDelivery): ParkedDelivery {
  const { source, orderingKey } = delivery;
  return { ...delivery, orderingKey: orderingKey === null ? null : hiddenKey(source, orderingKey) };
}

const describeList = (parked: readonly ParkedDelivery[]): ListedPark['parked'] => ({
  json: parked.map(parkedJson),
  text: formatParked(parked),
});

const describeCauses = (causes: readonly ParkedCause[]): ListedPark['parked'] => ({
  json: causes.map(causeJson),
  text: formatCauses(causes),
});

/** One line; the field names are API. Times are ISO, UTC. */
export function causeJson({ firstAt, lastAt, ...cause }: ParkedCause): string {
  return JSON.stringify({
    kind: 'cause',
    ...cause,
    firstAt: firstAt.toISOString(),
    lastAt: lastAt.toISOString(),
  });
}

export function formatCauses(causes: readonly ParkedCause[]): string {
  if (causes.length === 0) return 'Nothing is parked.';
  return formatTable(
    ['CAUSE', 'COUNT', 'FIRST', 'LAST', 'EXAMPLE'],
    causes.map(cause => [
      cause.cause,
      formatCount(cause.count),
      shortTime(cause.firstAt),
      shortTime(cause.lastAt),
      cause.exampleId,
    ]),
  );
}

/** One line; the field names are API. Times are ISO, UTC. */
export function parkedJson(delivery: ParkedDelivery): string {
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

export function formatParked(parked: readonly ParkedDelivery[]): string {
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

function lastOf(delivery: ParkedDelivery): string {
  const detail = detailOf(delivery);
  const last = String(delivery.lastAttempt?.status ?? delivery.lastAttempt?.error ?? '–');
  return detail === null ? last : `${last}: ${detail}`;
}

/** Failures that come with Kafka's name for them, where it was Kafka's. */
const FROM_KAFKA: ReadonlySet<string> = new Set(['unsendable', 'connect', 'no-leader']);

/** Where an expression or a handler failed, or what Kafka says. What a receiver answered is not shown: it may be any text. */
function detailOf({ lastAttempt }: ParkedDelivery): string | null {
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

export function formatQuarantined({ total, records }: QuarantineList): string {
  if (total === 0) return 'No record is quarantined.';
  const table = formatTable(
    ['QUARANTINED', 'ORIGIN', 'REASON', 'RECORD'],
    records.map(record => [shortTime(record.quarantinedAt), record.origin, record.reason, record.id]),
  );
  const rest = total > records.length ? `, the newest ${records.length} of them` : '';
  return `${plural(total, 'record')} quarantined (kept, but no event)${rest}:\n${table}`;
}
