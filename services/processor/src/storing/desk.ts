import type { FirstDelivery } from '@ackline/store/delivery-insert';
import type { StorableEvent } from './storable.ts';

/**
 * A slot of a destination, and what goes with it for one attempt: a lease, room in `rate` and memory, a permit of the breaker. First
 * `lendRoom`, where the body is to be made; then `begin`; in the end one of the last three, whatever came before. Only the first of these counts.
 */
export interface Reservation {
  readonly destination: string;
  readonly leaseId: string;
  readonly leaseMs: number;
  /**
   * Monotonic milliseconds. PostgreSQL gives the lease later than this was reckoned, so it lasts until then at least, however
   * long this process stood still meanwhile.
   */
  readonly leaseEndsAt: number;
  /** Its body is still to be made: others may begin meanwhile, where the destination's `rate` lets few (R2 of rate-gate.ts). */
  lendRoom(): void;
  /** Its request goes out now, and counts for the `rate` of the destination. false: there was no room for it before the signal. */
  begin(signal: AbortSignal): Promise<boolean>;
  /** The attempt ended, and tells the breaker whether the destination is well. Who waits for a slot hears of it. */
  finish(healthy: boolean): void;
  /** No attempt, or one that says nothing of the destination: the breaker learns nothing. Who waits for a slot hears of it. */
  giveBack(): void;
  /** As `giveBack`, and nobody hears of it: for what would take the slot again at once and in vain. */
  giveBackUnheard(): void;
}

/** A delivery that was inserted already leased: its first attempt starts when the transaction has committed. */
export interface ReadyStart {
  readonly reservation: Reservation;
  readonly delivery: FirstDelivery;
  readonly event: StorableEvent;
}

/** What storing needs of delivery: slots before the commit, starts after it. */
export interface DeliveryDesk {
  /** null: no slot or no room for the body, others wait before it, or the destination takes no work now; it is left due. */
  tryReserve(destination: string, bodyBytes: number, tenant: string): Reservation | null;
  start(starts: readonly ReadyStart[]): void;
  /** Something is due, or soon. `leftDue`: destinations of which something was left due, so that what comes later is behind it. */
  wake(leftDue?: readonly string[]): void;
}
