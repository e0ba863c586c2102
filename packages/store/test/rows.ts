import { randomUUID } from 'node:crypto';
import type { NewDelivery } from '@ackline/store/deliveries';
import { type ClaimedDelivery, claimDue, findDue } from '@ackline/store/delivery-claims';
import { insertFirst, insertWaiting } from '@ackline/store/delivery-insert';
import type { DeliveryOutcome } from '@ackline/store/delivery-outcomes';
import { type EventRow, insertEvents } from '@ackline/store/events';
import type { OnPark } from '@ackline/store/expired-leases';
import type { InboxRow } from '@ackline/store/inbox';
import { type KeptPlace, type KeptSweep, sweepKept } from '@ackline/store/kept-sweep';
import { createPool } from '@ackline/store/pool';
import { inTransaction } from '@ackline/store/transaction';
import type { Pool, PoolClient } from 'pg';

export function openPool(url: string, max = 5, limitMs?: number): Pool {
  return createPool({
    connectionString: url,
    applicationName: 'store-test',
    max,
    ...(limitMs === undefined ? {} : { limitMs }),
    onError: () => undefined,
  });
}

export function inboxRow(overrides: Partial<InboxRow> = {}): InboxRow {
  return {
    id: randomUUID(),
    keyHash: 7,
    afterOffset: -1n,
    keyId: 'none',
    meta: Buffer.from('{}'),
    body: Buffer.from('body'),
    ...overrides,
  };
}

export function eventRow(overrides: Partial<EventRow> = {}): EventRow {
  const id = randomUUID();
  return {
    id,
    source: 'telegram',
    tenant: 'default',
    provider: 'telegram',
    type: 'message',
    dedupKey: id,
    orderingKey: 'chat-1',
    occurredAt: null,
    receivedAt: 1_795_372_800_123,
    priority: 'normal',
    tier: 'inbox',
    routing: 'routed',
    keyId: 'none',
    meta: Buffer.from('{"v":1}'),
    body: Buffer.from('body'),
    ...overrides,
  };
}

export interface DeliveryWish {
  readonly destination?: string;
  readonly tenant?: string;
  readonly orderingKey?: string | null;
  readonly priority?: 'normal' | 'high';
  readonly lease?: NewDelivery['lease'];
  readonly notBefore?: number;
  readonly body?: Buffer;
  readonly keepHistory?: boolean;
  readonly transforms?: boolean;
}

/** Stores an event with one delivery for each wish, in order; returns the deliveries. */
export async function storeDeliveries(
  pool: Pool,
  wishes: readonly DeliveryWish[],
): Promise<readonly NewDelivery[]> {
  return inTransaction(pool, async client => {
    const events = wishes.map(({ body }) => eventRow(body === undefined ? {} : { body }));
    const places = await insertEvents(client, events);
    const rows = wishes.map((wish, index): NewDelivery => {
      const event = events[index]!;
      return {
        id: randomUUID(),
        ...places.get(event.id)!,
        eventId: event.id,
        source: event.source,
        tenant: wish.tenant ?? event.tenant,
        route: 'all',
        destination: wish.destination ?? 'crm',
        orderingKey: wish.orderingKey === undefined ? null : wish.orderingKey,
        priority: wish.priority ?? 'normal',
        bodyBytes: event.body.byteLength,
        keepHistory: wish.keepHistory ?? true,
        transforms: wish.transforms ?? false,
        notBefore: wish.notBefore ?? null,
        lease: wish.lease ?? null,
      };
    });
    await placeRows(client, rows);
    return rows;
  });
}

/** Inserts rows as a storing transaction does: the first of each key goes first, the others wait. */
export async function placeRows(client: PoolClient, rows: readonly NewDelivery[]): Promise<void> {
  const groups = [...Map.groupBy(rows, row => (row.orderingKey === null ? row.id : keyOf(row))).values()];
  const firsts = groups.map(([first, ...others]) => ({ ...first!, followed: others.length > 0 }));
  const inserted = await insertFirst(client, firsts);
  await insertWaiting(
    client,
    groups.flat().filter(row => !inserted.has(row.id)),
  );
}

const keyOf = (row: NewDelivery) => JSON.stringify([row.destination, row.source, row.orderingKey]);

/** Leases up to `limit` deliveries for a minute: high priority first, then what a person sends again. */
export async function claim(
  pool: Pool,
  limit = 100,
  destination = 'crm',
): Promise<readonly ClaimedDelivery[]> {
  const due = await findDue(pool, [destination]);
  const flows = due.flows.toSorted((a, b) => a.priority.localeCompare(b.priority));
  const request = { destination, leaseId: randomUUID(), leaseMs: 60_000, maxBytes: 16 * 1024 * 1024 };
  const from = flows.map(({ tenant, priority }) => ({ tenant, priority, quota: limit }));
  const live = from.length === 0 ? [] : await claimDue(pool, { ...request, limit, from });
  if (due.replays.length === 0 || live.length === limit) return live;
  return [...live, ...(await claimDue(pool, { ...request, limit: limit - live.length, from: 'replays' }))];
}

export function outcomeOf(
  delivery: Pick<ClaimedDelivery, 'id' | 'leaseId'>,
  overrides: Partial<DeliveryOutcome> = {},
): DeliveryOutcome {
  return {
    id: delivery.id,
    leaseId: delivery.leaseId,
    state: 'delivered',
    afterMs: 0,
    countsAsTry: true,
    parkReason: null,
    blocks: false,
    attempt: null,
    ...overrides,
  };
}

/** A whole look through what dropped days have left; returns how many rows of each kind it removed. */
export async function sweepAllKept(
  pool: Pool,
  keepDays: number,
): Promise<Record<KeptSweep['table'], number>> {
  const removed = { finished: 0, edits: 0, events: 0 };
  const client = await pool.connect();
  try {
    for (let place: KeptPlace | null = null; ; ) {
      const swept: KeptSweep = await sweepKept(client, keepDays, place);
      removed[swept.table] += swept.removed;
      place = swept.next;
      if (place === null) return removed;
    }
  } finally {
    client.release();
  }
}

/** All that these tests deliver to is known, and holds no key. */
export const GOES_ON: OnPark = { block: [], continue: ['crm'] };

export interface DeliveryState {
  readonly state: string;
  readonly tries: number;
  readonly interruptions: number;
  readonly blocks: boolean;
  readonly attempts: readonly { outcome: string; ms: number }[];
  readonly park_reason: string | null;
  readonly lease_id: string | null;
  readonly finished_at: Date | null;
}

export async function readDelivery(pool: Pool, id: string): Promise<DeliveryState> {
  const { rows } = await pool.query<DeliveryState>(
    'select state, tries, interruptions, blocks, attempts, park_reason, lease_id, finished_at from all_deliveries where id = $1',
    [id],
  );
  return rows[0]!;
}
