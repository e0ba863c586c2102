import type { RateConfig } from '@ackline/shared/config/types';
import { createRateLedger, type Share } from './rate-ledger.ts';
import { createRateQueue } from './rate-queue.ts';

/**
 * When attempts of a destination began, so that no more begin within any time of `perMs` than this processor's share of its `rate`
 * allows: exact, and for as many times in memory as that is. rate-ledger.ts counts what has begun and is reserved, rate-queue.ts has
 * who waits.
 *
 * An example: 10 a second over two processors, so 5 here.
 *
 *   0 ms      5 are free. Three are reserved: 2 are. Two of the three begin: 2 still, since reserved or begun is all the same (R1).
 *   100 ms    The body of the third is to be made: it lends its room, and keeps it for a tenth of the second (R2).
 *   200 ms    3 are free: others may have that room. Three are reserved and begin: 0.
 *   300 ms    The third is made. Its room is gone, so it waits for its turn.
 *   1,000 ms  The two of 0 ms are a second old and count no more. The third begins first, and 1 is free. In this moment the other
 *             processor ends and the share is 10; but the 5 more may have begun there just now (R3): 1 is free still.
 *   1,200 ms  The three of 200 ms count no more: 4 are free. From 2,000 ms on the whole share is.
 *
 * R1. One more is reserved only where it, what is reserved and what has begun within `perMs`, here or with others (R3), fit into the
 *     share. So what a share loses, it loses at once; what it has too much by then ends by itself.
 * R2. One that is reserved has its room until it begins, however long its commit takes. One whose body is still to be made keeps it
 *     for KEPT_PART of `perMs`: then others may have it, and it waits for its turn, before any new one.
 * R3. What the share has grown by was another's until now, who may have used it up a moment ago: so many count as begun now. When it
 *     is lost again, they go first: who has it then counts them.
 */
export interface RateGate {
  /** From now on; what began before counts. */
  configure(rate: RateConfig | null): void;
  setShare(share: Share): void;
  /** How many more may be reserved now. Where none may, it says once when some may again. */
  readonly free: number;
  /** One is to begin. */
  reserve(): RateRoom;
}

export interface RateRoom {
  /** Its body is still to be made, which may take long (R2). */
  lend(): void;
  /** Its request goes out now, or in its turn; false: not before the signal. */
  begin(signal: AbortSignal): Promise<boolean>;
  /** It ended. What did not begin does not count. */
  leave(): void;
}

export interface RateGateDeps {
  /** Until another is set; null: none, and nobody else has it. */
  readonly share: Share | null;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** There was no room, and there is some now. */
  readonly onFree: () => void;
}

export function createRateGate(given: RateConfig | null, { share, now, onFree }: RateGateDeps): RateGate {
  const ledger = createRateLedger(given, { share, now });
  const queue = createRateQueue();
  const timer = createTimer(now, () => {
    if (countFree() > 0) onFree();
  });

  function countFree(): number {
    while (queue.count > 0 && ledger.left > 0) {
      ledger.begin();
      queue.next(); // (R2)
    }
    if (ledger.left > 0) return ledger.left;
    timer.tellAt(ledger.nextAt);
    return 0;
  }

  /** There may be room before its time. */
  function serve(): void {
    if (queue.count > 0) countFree();
  }

  return {
    configure(rate) {
      ledger.configure(rate);
      serve();
    },
    setShare(next) {
      ledger.setShare(next);
      serve();
    },
    get free() {
      return countFree();
    },
    reserve() {
      const room = ledger.reserve();
      return {
        lend() {
          room.lend();
          if (timer.isSet) timer.tellAt(ledger.nextAt);
        },
        begin(signal) {
          if (room.isReserved) {
            room.leave();
            ledger.begin();
            return Promise.resolve(true);
          }
          const begun = queue.wait(signal);
          serve();
          return begun;
        },
        leave() {
          room.leave();
          serve();
        },
      };
    },
  };
}

/** Rings at the earliest of the times that it was told since it rang last. It keeps no process. */
function createTimer(now: () => number, ring: () => void) {
  let timer: NodeJS.Timeout | null = null;
  let ringsAt = 0;
  return {
    get isSet() {
      return timer !== null;
    },
    tellAt(at: number): void {
      if (at === Number.POSITIVE_INFINITY || (timer !== null && ringsAt <= at)) return;
      if (timer !== null) clearTimeout(timer);
      ringsAt = at;
      timer = setTimeout(
        () => {
          timer = null;
          ring();
        },
        Math.ceil(at - now()),
      ).unref();
    },
  };
}
