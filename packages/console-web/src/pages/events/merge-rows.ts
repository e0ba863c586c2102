import type { ConsoleSchemas } from '@ackline/console-client/client';

export type EventRow = ConsoleSchemas['ListedEvent'];

/** The newest first, each event once; one that comes again is newer than what was known of it. */
export function mergeRows(known: readonly EventRow[], come: readonly EventRow[]): readonly EventRow[] {
  if (come.length === 0) return known;
  const byId = new Map(known.map(row => [row.id, row]));
  for (const row of come) byId.set(row.id, row);
  return [...byId.values()].sort(newestFirst);
}

/** Only what is known already, as it is now. */
export function refreshRows(known: readonly EventRow[], come: readonly EventRow[]): readonly EventRow[] {
  const byId = new Map(come.map(row => [row.id, row]));
  return known.map(row => byId.get(row.id) ?? row);
}

/** `seq` is a number of any length, as a text. */
function newestFirst({ seq: one }: EventRow, { seq: other }: EventRow): number {
  if (one.length !== other.length) return other.length - one.length;
  return one === other ? 0 : one > other ? -1 : 1;
}

const SETTLED: ReadonlySet<string> = new Set(['delivered', 'parked', 'discarded']);

/** Whether more will become of it by itself. */
export function isOpen({ deliveries, routing }: EventRow): boolean {
  return routing === 'unrouted' || deliveries.some(({ state }) => !SETTLED.has(state));
}
