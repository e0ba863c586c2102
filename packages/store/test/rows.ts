import { randomUUID } from 'node:crypto';
import type { ClaimedDelivery, DeliveryOutcome, NewDelivery } from '@ackline/store/deliveries';
import { claimDue, insertDeliveries } from '@ackline/store/deliveries';
import { type EventRow, insertEvents } from '@ackline/store/events';
import type { InboxRow } from '@ackline/store/inbox';
import { createPool } from '@ackline/store/pool';
import { inTransaction } from '@ackline/store/transaction';
import type { Pool } from 'pg';

export function openPool(url: string, max = 5): Pool {
  return createPool({
    connectionString: url,
    applicationName: 'store-test',
    max,
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
  readonly orderingKey?: string | null;
  readonly priority?: 'normal' | 'high';
  readonly lease?: NewDelivery['lease'];
  readonly notBefore?: number;
  readonly body?: Buffer;
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
        tenant: event.tenant,
        route: 'all',
        destination: wish.destination ?? 'crm',
        orderingKey: wish.orderingKey === undefined ? null : wish.orderingKey,
        priority: wish.priority ?? 'normal',
        notBefore: wish.notBefore ?? null,
        lease: wish.lease ?? null,
      };
    });
    await insertDeliveries(client, rows);
    return rows;
  });
}

const CLAIM_BYTES = 16 * 1024 * 1024;

/** Leases up to `limit` deliveries for a minute. */
export function claim(pool: Pool, limit = 100, destination = 'crm'): Promise<readonly ClaimedDelivery[]> {
  const lease = { leaseId: randomUUID(), leaseMs: 60_000 };
  return claimDue(pool, { destination, limit, maxBytes: CLAIM_BYTES, ...lease });
}

export function outcomeOf(
  delivery: Pick<ClaimedDelivery, 'id' | 'storedDay' | 'leaseId'>,
  overrides: Partial<DeliveryOutcome> = {},
): DeliveryOutcome {
  return {
    id: delivery.id,
    storedDay: delivery.storedDay,
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
    'select state, tries, interruptions, blocks, attempts, park_reason, lease_id, finished_at from deliveries where id = $1',
    [id],
  );
  return rows[0]!;
}
