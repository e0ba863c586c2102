import { decodeMeta } from '@ackline/shared/envelope-codec';
import { open } from '@ackline/shared/seal';
import { listEdits } from '@ackline/store/delivery-edits';
import {
  type EventLocation,
  eventOfKey,
  locateEvent,
  readDeliveriesOf,
  readFacts,
  readPayload,
  type SealedPayload,
} from '@ackline/store/event-details';
import { type ListedEvent, listEventsAt } from '@ackline/store/event-list';
import { type EventPlace, findPlaces, NEWEST, placeBefore } from '@ackline/store/event-places';
import type { EventSearch } from '@ackline/store/event-search';
import type { Pool } from 'pg';
import type { Caller } from '../access/caller.ts';
import type { ShowKey, ShowKeysTo } from '../access/shown-keys.ts';
import type { eventRoutes } from '../api/events.ts';
import type { ConsoleConfig } from '../config.ts';
import type { Call, CallsOf } from './call.ts';
import { eventCursor, readEventCursor } from './cursors.ts';
import { commonSearch, matches } from './event-search.ts';
import { locate, noEvent } from './locate-event.ts';
import { createPayloadGate, createReadPayload } from './payloads.ts';
import { createPullEvents } from './pull-events.ts';
import { shownDelivery, shownEvent } from './shown.ts';
import { timelineOf } from './timeline.ts';
import { filterPlaces, MAX_FILTERED_ROWS, passes, readWhere } from './where.ts';

export interface EventCallsDeps {
  readonly reads: Pool;
  readonly changes: Pool;
  readonly showKeysTo: ShowKeysTo;
  readonly traceUrl: ConsoleConfig['traceUrl'];
  readonly streamEvents: CallsOf<typeof eventRoutes>['streamEvents'];
}

type ListCall = Call<typeof eventRoutes.listEvents>;

export function createEventCalls({
  reads,
  changes,
  showKeysTo,
  traceUrl,
  streamEvents,
}: EventCallsDeps): CallsOf<typeof eventRoutes> {
  const payloads = { reads, changes, gate: createPayloadGate() };
  return {
    async listEvents({ query, caller }) {
      const search = searchOf(query, caller);
      const id = query.id ?? (await idOfKey(reads, search));
      const asked = { search, query, caller, showKey: await showKeysTo(caller, query) };
      return { json: await (id === null ? listPage(reads, asked) : listOne(reads, { ...asked, id })) };
    },
    async readEvent({ params, caller }) {
      const located = await locate(reads, params.id, caller);
      const event = await readWhole(reads, located, { caller, showKey: await showKeysTo(caller) });
      const { traceId } = event;
      return { json: { ...event, traceUrl: traceId === null ? null : (traceUrl?.(traceId) ?? null) } };
    },
    readPayload: createReadPayload(payloads),
    pullEvents: createPullEvents(payloads),
    streamEvents,
  };
}

async function readWhole(
  reads: Pool,
  located: EventLocation,
  to: { readonly caller: Caller; readonly showKey: ShowKey },
) {
  const [listed] = await listEventsAt(reads, [located]);
  const facts = await readFacts(reads, located);
  if (listed === undefined || facts === null) throw noEvent(located.id);
  const deliveries = await readDeliveriesOf(reads, located);
  const edits = await listEdits(
    reads,
    deliveries.map(({ id }) => id),
  );
  return {
    ...shownEvent(listed, to.showKey),
    occurredAt: facts.occurredAt?.toISOString() ?? null,
    priority: facts.priority,
    traceId: traceIdOf(facts),
    deliveries: deliveries.map(delivery => shownDelivery(delivery, edits, to)),
    timeline: timelineOf(listed, facts, { deliveries, edits }),
  };
}

/** What a query asks for, of the caller's own tenant. */
function searchOf(query: ListCall['query'], caller: Caller): EventSearch {
  const { receivedSince, receivedUntil, storedSince, storedUntil, state } = query;
  return { ...commonSearch(query, caller), receivedSince, receivedUntil, storedSince, storedUntil, state };
}

/** The provider's own id leads to its event by an index, while it is remembered. */
async function idOfKey(reads: Pool, { source, dedupKey }: EventSearch): Promise<string | null> {
  return source === undefined || dedupKey === undefined ? null : eventOfKey(reads, { source, dedupKey });
}

interface Asked extends Pick<ListCall, 'query' | 'caller'> {
  readonly search: EventSearch;
  readonly showKey: ShowKey;
}

async function listOne(reads: Pool, { id, search, query, caller, showKey }: Asked & { readonly id: string }) {
  const where = readWhere(query.where, caller);
  const located = await locateEvent(reads, id);
  const [event] = located === null ? [] : await listEventsAt(reads, [located]);
  const isAsked =
    event !== undefined &&
    matches(event, search) &&
    (where === null || (await passesAt(reads, event, where)));
  return { items: isAsked ? [shownEvent(event, showKey)] : [], next: null, scannedTo: null };
}

async function passesAt(reads: Pool, place: EventPlace, where: NonNullable<ReturnType<typeof readWhere>>) {
  const payload = await readPayload(reads, place);
  return payload !== null && passes(where, payload);
}

async function listPage(reads: Pool, { search, query, caller, showKey }: Asked) {
  const { limit } = query;
  const where = readWhere(query.where, caller);
  const before = await beginningOf(reads, query);
  const page = await findPlaces(reads, search, { before, limit: where === null ? limit : MAX_FILTERED_ROWS });
  const { passed, stoppedAt } =
    where === null
      ? { passed: page.found, stoppedAt: null }
      : await filterPlaces(reads, page.found, { where, limit });
  const last = stoppedAt ?? page.last;
  const isFull = passed.length === limit;
  const events: readonly ListedEvent[] = await listEventsAt(reads, passed);
  return {
    items: events.map(event => shownEvent(event, showKey)),
    next: last === null ? null : eventCursor(last),
    scannedTo: last === null || isFull ? null : last.storedAt.toISOString(),
  };
}

async function beginningOf(reads: Pool, { cursor, storedUntil }: ListCall['query']): Promise<EventPlace> {
  if (cursor !== undefined) return readEventCursor(cursor);
  return storedUntil === undefined ? NEWEST : placeBefore(reads, storedUntil);
}

/** The second part of W3C's `traceparent`; null also where it can't be read: all else of the event is there to see. */
function traceIdOf({ keyId, meta }: Pick<SealedPayload, 'keyId' | 'meta'>): string | null {
  try {
    const { traceparent } = decodeMeta(open({ keyId, bytes: meta }));
    return traceparent?.split('-')[1] ?? null;
  } catch {
    return null;
  }
}
