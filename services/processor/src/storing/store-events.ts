import type { DestinationConfig } from '@ackline/shared/config/types';
import type { EnvelopeMeta } from '@ackline/shared/envelope';
import { newEventId } from '@ackline/shared/event-id';
import type { FanOut } from '@ackline/shared/routing/fan-out';
import { claimEventKeys } from '@ackline/store/event-keys';
import { type EventRow, insertEvents, type StoredPlace } from '@ackline/store/events';
import { insertUnrouted } from '@ackline/store/unrouted-events';
import type { PoolClient } from 'pg';
import type { DecidedEvent, DecidingRules } from './decisions.ts';
import type { DeliveryDesk, ReadyStart } from './desk.ts';
import { newDelivery } from './new-delivery.ts';
import { placeDeliveries, type PlannedDelivery } from './place-deliveries.ts';
import type { StorableEvent } from './storable.ts';
import type { WholeBody } from './whole-bodies.ts';

export interface StoredBatch {
  readonly stored: number;
  readonly fresh: readonly StorableEvent[];
  readonly duplicates: number;
  readonly unrouted: number;
  /** Those that are one event, though their bodies have several; but for what is not routed yet, and may be split then. */
  readonly keptWhole: readonly WholeBody[];
  readonly starts: readonly ReadyStart[];
  /** Destinations of deliveries that were left due, for whoever has a free slot. */
  readonly leftDue: readonly string[];
}

export interface StoringRules extends DecidingRules {
  readonly destinations: ReadonlyMap<string, DestinationConfig>;
  readonly desk: DeliveryDesk;
}

export interface StoringPlaces extends Pick<StoringRules, 'destinations'> {
  readonly desk: Pick<DeliveryDesk, 'tryReserve'>;
}

/**
 * Stores events in the order given, within the caller's transaction and under the lock of their lane: claims their dedup
 * keys, inserts those that are new, and their deliveries. Reservations that were taken are the caller's: to start after the
 * commit, or to give back.
 */
export async function storeEvents(
  client: PoolClient,
  events: readonly DecidedEvent[],
  { destinations, desk }: StoringPlaces,
): Promise<StoredBatch> {
  const decided = await claimFresh(client, events);
  if (decided.length === 0) {
    return { ...NOTHING, duplicates: events.length };
  }
  const places = await insertEvents(
    client,
    decided.map(({ event, fanOut }) => eventRow(event, fanOut)),
  );
  const plan = { decided, places, destinations };
  await insertUnrouted(client, unroutedOf(plan));
  const placed = await placeDeliveries(client, deliveriesOf(plan), desk);
  return {
    stored: decided.length,
    fresh: decided.map(({ event }) => event),
    duplicates: events.length - decided.length,
    unrouted: decided.filter(isUnrouted).length,
    keptWhole: decided.flatMap(one => (one.isKeptWhole === true && !isUnrouted(one) ? [one.event.meta] : [])),
    ...placed,
  };
}

const NOTHING: StoredBatch = {
  stored: 0,
  fresh: [],
  duplicates: 0,
  unrouted: 0,
  keptWhole: [],
  starts: [],
  leftDue: [],
};

function isUnrouted({ fanOut }: DecidedEvent): boolean {
  return fanOut.routing === 'unrouted';
}

/**
 * The events whose dedup key nobody had; of a body with several, if nobody had its own either: a second copy of it is a repeat
 * where one was split and the other stayed whole. All storers claim the keys of bodies first.
 */
async function claimFresh(
  client: PoolClient,
  events: readonly DecidedEvent[],
): Promise<readonly DecidedEvent[]> {
  const bodies = new Set(events.flatMap(({ parent }) => parent ?? []));
  const freshBodies = await claimFirsts(client, bodies);
  const candidates = events.filter(({ parent }) => parent === undefined || freshBodies.has(parent));
  const fresh = await claimFirsts(
    client,
    candidates.map(({ event }) => event.meta),
  );
  return candidates.filter(({ event }) => fresh.has(event.meta));
}

/** Those that got their keys: the first of a batch wins over its repeats in the same batch. */
async function claimFirsts(
  client: PoolClient,
  metas: Iterable<EnvelopeMeta>,
): Promise<ReadonlySet<EnvelopeMeta>> {
  const firsts = new Map<string, EnvelopeMeta>();
  for (const meta of metas) {
    const key = JSON.stringify([meta.source, meta.dedupKey]);
    if (!firsts.has(key)) firsts.set(key, meta);
  }
  const candidates = [...firsts.values()];
  const claimed = await claimEventKeys(
    client,
    candidates.map(({ source, dedupKey, id }) => ({ source, dedupKey, eventId: id })),
  );
  return new Set(candidates.filter(({ id }) => claimed.has(id)));
}

function eventRow({ meta, tier, sealed }: StorableEvent, { routing }: FanOut): EventRow {
  return {
    id: meta.id,
    source: meta.source,
    tenant: meta.tenant,
    provider: meta.provider,
    type: meta.type,
    dedupKey: meta.dedupKey,
    orderingKey: meta.orderingKey,
    occurredAt: meta.occurredAt,
    receivedAt: meta.receivedAt,
    priority: meta.priority,
    tier,
    routing,
    keyId: sealed.keyId,
    meta: sealed.meta,
    body: sealed.body,
  };
}

interface Plan {
  readonly decided: readonly DecidedEvent[];
  readonly places: ReadonlyMap<string, StoredPlace>;
  readonly destinations: ReadonlyMap<string, DestinationConfig>;
}

function unroutedOf(plan: Plan) {
  return plan.decided.flatMap(({ event, fanOut }) =>
    fanOut.routing === 'unrouted'
      ? [{ ...placeOf(event, plan), source: event.meta.source, bodyBytes: event.sealed.body.byteLength }]
      : [],
  );
}

function deliveriesOf(plan: Plan): readonly PlannedDelivery<StorableEvent>[] {
  return plan.decided.flatMap(({ event, fanOut }) => {
    if (fanOut.routing !== 'routed') return [];
    const stored = { ...event.meta, ...placeOf(event, plan), bodyBytes: event.sealed.body.byteLength };
    return fanOut.routes.map(route => ({
      event,
      delivery: newDelivery({ id: newEventId(), event: stored, route, destinations: plan.destinations }),
    }));
  });
}

function placeOf(event: StorableEvent, plan: Plan): StoredPlace {
  const place = plan.places.get(event.meta.id);
  if (place === undefined) throw new Error('an inserted event has no place'); // INSERT … RETURNING names every row
  return place;
}
