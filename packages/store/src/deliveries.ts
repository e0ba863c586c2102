/** Beyond the attempt's own time-out a lease lasts this long: the attempt is aborted, and its outcome written, before it ends. */
export const LEASE_MARGIN_MS = 10_000;
/** The longest lease there is, and room: one that ends later was given by a clock that was set back since. */
export const LONGEST_LEASE_MS = 150_000;
/** Leases that ended without an outcome, before the delivery is parked: it takes its processor down, or hangs it. */
export const MAX_INTERRUPTIONS = 10;
/** The newest attempts that a delivery keeps. */
export const MAX_KEPT_ATTEMPTS = 100;

/** The predicate of the index `deliveries_head` (H1), literally: ON CONFLICT finds the index by it. */
export const HEAD = "ordering_key is not null and (blocks or (state in ('due', 'leased') and not replay))";
/** What stands outside the order (no key, or a replay that holds nothing) holds nothing when it is parked. */
export const MAY_BLOCK = 'd.ordering_key is not null and (d.blocks or not d.replay)';

export interface Lease {
  readonly leaseId: string;
  readonly leaseMs: number;
}

export interface NewDelivery {
  readonly id: string;
  readonly storedDay: string;
  readonly seq: string;
  readonly eventId: string;
  readonly source: string;
  readonly tenant: string;
  readonly route: string;
  readonly destination: string;
  /** null: no order is kept. */
  readonly orderingKey: string | null;
  readonly priority: 'normal' | 'high';
  /** Of its event's body as it is stored. */
  readonly bodyBytes: number;
  /** false: once delivered, no row says so. */
  readonly keepHistory: boolean;
  /** Its route makes another body of the event's. */
  readonly transforms: boolean;
  /** No attempt starts before it; epoch milliseconds. null, or a time that is over: at once. */
  readonly notBefore: number | null;
  /** null: due, for whoever has a free slot. */
  readonly lease: Lease | null;
}

/** What an order is kept within. */
export interface DeliveryKey {
  readonly destination: string;
  readonly source: string;
  readonly orderingKey: string;
}

/** One attempt as it is kept: bounded, and without a byte of the request. */
export interface AttemptRecord {
  /** ISO time. */
  readonly at: string;
  /** null: nobody knows (interrupted). */
  readonly ms: number | null;
  readonly outcome: 'delivered' | 'retry' | 'park' | 'hold' | 'interrupted';
  readonly status: number | null;
  readonly error: string | null;
  readonly excerpt: string | null;
  /** Of a retry: so long after it the next attempt is due. */
  readonly afterMs?: number;
  /** So many holds in a row were for this reason, and sent nothing; this is the last one. */
  readonly times?: number;
  /** When the one before it was, whose place it took. */
  readonly previousAt?: string;
}
