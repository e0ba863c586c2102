import { listParked, type ParkedDelivery } from '@ackline/store/parked';
import { listQuarantined, type QuarantinedRecord, type QuarantineList } from '@ackline/store/quarantine-list';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { withDatabase } from '../database.ts';
import { wholeNumber } from '../options.ts';
import { formatTable } from '../output/text-table.ts';
import { plural } from '../output/units.ts';
import { shortTime } from './events.ts';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1_000;

interface ParkOptions {
  readonly limit: number;
  readonly json?: true;
}

export function registerPark(program: Command, context: CommandContext): void {
  program
    .command('park')
    .description(
      'List what needs a person: parked deliveries, which gave up, and quarantined records, which are no events',
    )
    .option('-n, --limit <number>', 'how many', wholeNumber(1, MAX_LIMIT), DEFAULT_LIMIT)
    .option('--json', 'one JSON document per line')
    .addHelpText('after', '\nExample:\n  $ ackline park\n  $ ackline replay <delivery id>')
    .action(async (options: ParkOptions) => {
      const { limit } = options;
      const { parked, quarantined } = await withDatabase(context.config(), async pool => ({
        parked: await listParked(pool, { limit }),
        quarantined: await listQuarantined(pool, { limit }),
      }));
      if (options.json === true) {
        const lines = [...parked.map(parkedJson), ...quarantined.records.map(quarantinedJson)];
        for (const line of lines) context.terminal.line(line);
      } else {
        context.terminal.line(`${formatParked(parked)}\n\n${formatQuarantined(quarantined)}`);
      }
    });
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
    tries: delivery.tries,
    parkedAt: delivery.parkedAt.toISOString(),
    blocks: delivery.blocks,
    lastStatus: delivery.lastAttempt?.status ?? null,
    lastError: delivery.lastAttempt?.error ?? null,
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
      String(delivery.lastAttempt?.status ?? delivery.lastAttempt?.error ?? '–'),
      delivery.id,
    ]),
  );
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
    ['QUARANTINED', 'ORIGIN', 'REASON'],
    records.map(record => [shortTime(record.quarantinedAt), record.origin, record.reason]),
  );
  const rest = total > records.length ? `, the newest ${records.length} of them` : '';
  return `${plural(total, 'record')} quarantined (kept, but no event)${rest}:\n${table}`;
}
