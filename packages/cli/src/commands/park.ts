import { listParked, type ParkedDelivery } from '@ackline/store/parked';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { withDatabase } from '../database.ts';
import { wholeNumber } from '../options.ts';
import { formatTable } from '../output/text-table.ts';
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
    .description('List parked deliveries: those that gave up and need a person')
    .option('-n, --limit <number>', 'how many', wholeNumber(1, MAX_LIMIT), DEFAULT_LIMIT)
    .option('--json', 'one JSON document per line')
    .addHelpText('after', '\nExample:\n  $ ackline park\n  $ ackline replay <delivery id>')
    .action(async (options: ParkOptions) => {
      const parked = await withDatabase(context.config(), pool => listParked(pool, { limit: options.limit }));
      if (options.json === true) for (const delivery of parked) context.terminal.line(parkedJson(delivery));
      else context.terminal.line(formatParked(parked));
    });
}

/** One line; the field names are API. Times are ISO, UTC. */
export function parkedJson(delivery: ParkedDelivery): string {
  return JSON.stringify({
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
