import type { DestinationConfig, RouteConfig } from '@ackline/shared/config/types';
import { newEventId } from '@ackline/shared/event-id';
import type { FanOut, FanOutRule } from '@ackline/shared/routing/fan-out';
import {
  type DeliveryKey,
  findOpenKeys,
  insertDeliveries,
  type NewDelivery,
} from '@ackline/store/deliveries';
import { claimEventKeys } from '@ackline/store/event-keys';
import { type EventRow, insertEvents, type StoredPlace } from '@ackline/store/events';
import type { PoolClient } from 'pg';
import type { DeliveryDesk, ReadyStart } from './desk.ts';
import { newDelivery } from './new-delivery.ts';
import type { StorableEvent } from './storable.ts';

export interface StoredBatch {
  readonly stored: number;
  readonly duplicates: number;
  readonly unrouted: number;
  readonly starts: readonly ReadyStart[];
  /** Deliveries that were left due, for whoever has a free slot. */
  readonly leftDue: number;
}

export interface StoringRules {
  readonly fanOut: FanOutRule;
  readonly destinations: ReadonlyMap<string, DestinationConfig>;
  readonly desk: DeliveryDesk;
}

/**
 * Stores events in the order given, within the caller's transaction and under the lock of their lane: claims their dedup
 * keys, inserts those that are new, and their deliveries. Reservations that were taken are the caller's: to start after the
 * commit, or to cancel.
 */
export async function storeEvents(
  client: PoolClient,
  events: readonly StorableEvent[],
  rules: StoringRules,
): Promise<StoredBatch> {
  const fresh = await claimFresh(client, events);
  if (fresh.length === 0) {
    return { stored: 0, duplicates: events.length, unrouted: 0, starts: [], leftDue: 0 };
  }
  const decided = fresh.map(event => ({ event, fanOut: rules.fanOut({ ...event.meta, body: event.body }) }));
  const places = await insertEvents(
    client,
    decided.map(({ event, fanOut }) => eventRow(event, fanOut)),
  );
  const deliveries = await planDeliveries(client, { decided, places, rules });
  return {
    stored: fresh.length,
    duplicates: events.length - fresh.length,
    unrouted: decided.filter(({ fanOut }) => fanOut.routing === 'unrouted').length,
    ...deliveries,
  };
}

/** The events whose dedup key nobody had: the first of a batch wins over its repeats in the same batch. */
async function claimFresh(
  client: PoolClient,
  events: readonly StorableEvent[],
): Promise<readonly StorableEvent[]> {
  const firsts = new Map<string, StorableEvent>();
  for (const event of events) {
    const key = JSON.stringify([event.meta.source, event.meta.dedupKey]);
    if (!firsts.has(key)) firsts.set(key, event);
  }
  const candidates = [...firsts.values()];
  const claimed = await claimEventKeys(
    client,
    candidates.map(({ meta }) => ({ source: meta.source, dedupKey: meta.dedupKey, eventId: meta.id })),
  );
  return candidates.filter(event => claimed.has(event.meta.id));
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
  readonly decided: readonly { event: StorableEvent; fanOut: FanOut }[];
  readonly places: ReadonlyMap<string, StoredPlace>;
  readonly rules: StoringRules;
}

async function planDeliveries(
  client: PoolClient,
  plan: Plan,
): Promise<Pick<StoredBatch, 'starts' | 'leftDue'>> {
  const wanted = plan.decided.flatMap(({ event, fanOut }) =>
    fanOut.routing === 'routed' ? fanOut.routes.map(route => ({ event, ...target(event, route, plan) })) : [],
  );
  if (wanted.length === 0) return { starts: [], leftDue: 0 };
  const busy = await busyKeys(
    client,
    wanted.flatMap(({ key }) => (key === null ? [] : [key])),
  );
  const starts: ReadyStart[] = [];
  const rows: NewDelivery[] = [];
  for (const { event, delivery, key } of wanted) {
    // Only the first of a key may start: the key is busy from here on, for the rest of this batch too.
    const first = key === null || !busy.has(keyText(key));
    if (key !== null) busy.add(keyText(key));
    const mayStart = first && delivery.notBefore === null;
    const reservation = mayStart
      ? plan.rules.desk.tryReserve(delivery.destination, event.body.byteLength)
      : null;
    if (reservation === null) {
      rows.push(delivery);
    } else {
      const leased = { ...delivery, lease: { leaseId: reservation.leaseId, leaseMs: reservation.leaseMs } };
      starts.push({ reservation, delivery: leased, event });
      rows.push(leased);
    }
  }
  try {
    await insertDeliveries(client, rows);
  } catch (error) {
    for (const start of starts) start.reservation.cancel();
    throw error;
  }
  return { starts, leftDue: rows.length - starts.length };
}

function target(
  event: StorableEvent,
  route: RouteConfig,
  plan: Plan,
): { delivery: NewDelivery; key: DeliveryKey | null } {
  const place = plan.places.get(event.meta.id);
  if (place === undefined) throw new Error('an inserted event has no place'); // INSERT … RETURNING names every row
  const delivery = newDelivery({
    id: newEventId(),
    event: { ...event.meta, ...place },
    route,
    destinations: plan.rules.destinations,
  });
  const { source, destination, orderingKey } = delivery;
  return { delivery, key: orderingKey === null ? null : { destination, source, orderingKey } };
}

async function busyKeys(client: PoolClient, keys: readonly DeliveryKey[]): Promise<Set<string>> {
  if (keys.length === 0) return new Set();
  const distinct = [...new Map(keys.map(key => [keyText(key), key])).values()];
  const open = await findOpenKeys(client, distinct);
  return new Set(open.map(keyText));
}

function keyText(key: DeliveryKey): string {
  return JSON.stringify([key.destination, key.source, key.orderingKey]);
}
