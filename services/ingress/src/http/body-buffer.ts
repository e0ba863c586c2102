import type { FairShare } from '@ackline/shared/fair-share';

/** The first piece of memory of a body that comes in parts: most webhooks fit, and a declared length alone takes no more. */
const FIRST_CAPACITY_BYTES = 16_384;

/**
 * A sender who declared a length has most likely sent this part of it by now: each smaller piece that is outgrown is garbage
 * until a collection.
 */
const DECLARED_FACTOR = 4;

export interface BodyBufferOptions {
  /** Whose share of the budget it is: the source. */
  readonly owner: string;
  readonly maxBytes: number;
  /** Content-Length, null for none. */
  readonly declaredBytes: number | null;
  readonly budget: FairShare;
}

export interface BodyBuffer {
  add(chunk: Buffer): 'added' | 'too_large' | 'over_budget';
  /** What was added. The memory counts as the buffer's until `release`. */
  bytes(): Buffer;
  /** Gives the memory back to the budget. */
  release(): void;
}

const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Collects a body in one growing piece of memory: a sender can make the parser hand out single bytes, and a list of these
 * would take a hundred times the size of the body. Grows by a factor, never over what may come. A body that comes in one
 * piece, as nearly all do, stays where the parser put it: nothing is copied.
 */
export function createBodyBuffer({ owner, maxBytes, declaredBytes, budget }: BodyBufferOptions): BodyBuffer {
  const mostBytes = Math.min(maxBytes, declaredBytes ?? maxBytes);
  let memory = NOTHING;
  let length = 0;

  function grow(needed: number): boolean {
    const ahead = declaredBytes === null ? needed : needed * DECLARED_FACTOR;
    const capacity = Math.min(mostBytes, Math.max(ahead, memory.length * 2, FIRST_CAPACITY_BYTES));
    if (!budget.tryTake(owner, capacity - memory.length)) return false;
    const larger = Buffer.allocUnsafe(capacity);
    memory.copy(larger, 0, 0, length);
    memory = larger;
    return true;
  }

  return {
    add(chunk) {
      const needed = length + chunk.byteLength;
      if (needed > mostBytes) return 'too_large';
      if (length === 0 && needed === declaredBytes) {
        if (!budget.tryTake(owner, needed)) return 'over_budget';
        memory = chunk;
      } else {
        if (needed > memory.length && !grow(needed)) return 'over_budget';
        memory.set(chunk, length);
      }
      length = needed;
      return 'added';
    },
    bytes: () => (length === memory.length ? memory : memory.subarray(0, length)),
    release() {
      if (memory.length > 0) budget.give(owner, memory.length);
      memory = NOTHING;
      length = 0;
    },
  };
}
