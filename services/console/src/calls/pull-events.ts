import { AppError } from '@ackline/shared/app-error';
import { noteAudit } from '@ackline/store/audit';
import { readPayloads, type SealedPayload } from '@ackline/store/event-details';
import { type ListedEvent, listEventsAt } from '@ackline/store/event-list';
import { type EventPlace, type FoundPlace, placeSince } from '@ackline/store/event-places';
import type { EventSearch } from '@ackline/store/event-search';
import { findPlacesAfter } from '@ackline/store/events-after';
import type { z } from 'zod';
import type { eventRoutes } from '../api/events.ts';
import { readStoredUntil } from '../live/final-place.ts';
import type { Call, CallsOf } from './call.ts';
import { eventCursor, readEventCursor } from './cursors.ts';
import { commonSearch } from './event-search.ts';
import { type PayloadCallDeps, shownPayload } from './payloads.ts';
import { filterPlaces, MAX_FILTERED_ROWS, readWhere } from './where.ts';

/** Bodies of one answer; the first one may be larger. It is there four times over, as one large payload is. */
const MAX_BYTES = 8 * 1024 * 1024;

type PullCall = Call<typeof eventRoutes.pullEvents>;
type Pulled = z.input<typeof eventRoutes.pullEvents.answer>;

/** What a call takes of the events behind its cursor. */
interface Taken {
  readonly places: readonly FoundPlace[];
  readonly from: EventPlace;
  readonly next: EventPlace;
  readonly isCaughtUp: boolean;
}

/**
 * The next events behind a cursor with their payloads. None is skipped, also not one that commits later than greater ones: nothing
 * behind what is final is looked at (EF1). `next` moves on also where nothing matches.
 */
export function createPullEvents({
  reads,
  changes,
  gate,
}: PayloadCallDeps): CallsOf<typeof eventRoutes>['pullEvents'] {
  return async call => {
    const taken = await take(reads, call);
    if (taken.places.length > 0) await noteAudit(changes, auditOf(taken, call));
    return {
      send: response =>
        gate({ caller: call.caller, response }, async () => {
          const payloads = await readPayloads(reads, taken.places);
          const events = await listEventsAt(reads, taken.places);
          response.status(200).json({
            items: events.flatMap(event => shownEvent(event, payloads.get(event.seq))),
            from: eventCursor(taken.from),
            next: eventCursor(taken.next),
            isCaughtUp: taken.isCaughtUp,
          } satisfies Pulled);
        }),
    };
  };
}

async function take(reads: PayloadCallDeps['reads'], { query, caller }: PullCall): Promise<Taken> {
  const where = readWhere(query.where, caller);
  const { source: sources, storedSince, limit } = query;
  const search: EventSearch = {
    ...commonSearch({ ...query, source: undefined }, caller),
    sources,
    storedSince,
  };
  const { mark, final } = await readStoredUntil(reads);
  const from = await beginning(reads, query, mark);
  if (final === null) return { places: [], from, next: from, isCaughtUp: false };
  const range = { after: from, until: final, limit: where === null ? limit : MAX_FILTERED_ROWS };
  const { found, end } = await findPlacesAfter(reads, search, range);
  const filtered = where === null ? null : await filterPlaces(reads, found, { where, limit });
  const passed = withinBytes(filtered?.passed ?? found);
  const next = passed.cutAt ?? filtered?.stoppedAt ?? end;
  return { places: passed.places, from, next, isCaughtUp: BigInt(next.seq) >= BigInt(final.seq) };
}

async function beginning(
  reads: PayloadCallDeps['reads'],
  { after, storedSince }: PullCall['query'],
  mark: EventPlace,
): Promise<EventPlace> {
  if (after === undefined) return storedSince === undefined ? mark : placeSince(reads, storedSince);
  const place = readEventCursor(after);
  if (BigInt(place.seq) > BigInt(mark.seq)) throw new AppError('ACKLINE_CURSOR_AHEAD');
  return place;
}

/** The first ones whose bodies fit into an answer, one at least. `cutAt`: the last of them, where others are left. */
function withinBytes(found: readonly FoundPlace[]): {
  readonly places: readonly FoundPlace[];
  readonly cutAt: FoundPlace | null;
} {
  let bytes = 0;
  const over = found.findIndex(({ bodyBytes }, n) => (bytes += bodyBytes) > MAX_BYTES && n > 0);
  const places = over === -1 ? found : found.slice(0, over);
  return { places, cutAt: over === -1 ? null : (places.at(-1) ?? null) };
}

function shownEvent(event: ListedEvent, payload: SealedPayload | undefined): Pulled['items'] {
  // Retention has dropped it meanwhile.
  if (payload === undefined) return [];
  const { seq, id, source, tenant, provider, type, dedupKey, orderingKey } = event;
  const facts = { seq, id, source, tenant, provider, type, dedupKey, orderingKey };
  return [
    {
      ...facts,
      cursor: eventCursor(event),
      receivedAt: event.receivedAt.toISOString(),
      storedAt: event.storedAt.toISOString(),
      payload: readable(payload),
    },
  ];
}

/** One that can't be read keeps nobody from those behind it. */
function readable(payload: SealedPayload) {
  try {
    return shownPayload(payload);
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}

/** One line for all of them: which, by their places in the order of storing. */
function auditOf({ places }: Taken, { caller, query }: PullCall) {
  const seqs = ranges(places.map(({ seq }) => BigInt(seq)));
  return {
    actor: caller.name,
    action: 'payloads.pulled' as const,
    subject: `${places[0]?.seq}-${places.at(-1)?.seq}`,
    details: { events: places.length, seqs, sources: query.source?.join(', ') ?? 'all' },
  };
}

/** `5-9, 12`. */
function ranges(numbers: readonly bigint[]): string {
  const found: { from: bigint; to: bigint }[] = [];
  for (const n of numbers) {
    const last = found.at(-1);
    if (last !== undefined && n === last.to + 1n) last.to = n;
    else found.push({ from: n, to: n });
  }
  return found.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(', ');
}
