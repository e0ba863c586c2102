import type { ByteBudget } from './byte-budget.ts';

/** The first piece of memory of a body: most webhooks fit, and a declared length alone takes no more. */
const FIRST_CAPACITY_BYTES = 16_384;

export interface BodyBufferOptions {
  readonly maxBytes: number;
  /** Content-Length, null for none. */
  readonly declaredBytes: number | null;
  readonly budget: ByteBudget;
}

export interface BodyBuffer {
  add(chunk: Uint8Array): 'added' | 'too_large' | 'over_budget';
  /** What was added. The memory stays the buffer's until `release`. */
  bytes(): Buffer;
  /** Gives the memory back to the budget. */
  release(): void;
}

/**
 * Collects a body in one growing piece of memory: a sender can make the parser hand out single bytes, and a list of these
 * would take a hundred times the size of the body. Grows by doubling, never over what may come.
 */
export function createBodyBuffer({ maxBytes, declaredBytes, budget }: BodyBufferOptions): BodyBuffer {
  const mostBytes = Math.min(maxBytes, declaredBytes ?? maxBytes);
  let memory = Buffer.alloc(0);
  let length = 0;

  function grow(needed: number): boolean {
    const capacity = Math.min(mostBytes, Math.max(needed, memory.length * 2, FIRST_CAPACITY_BYTES));
    if (!budget.tryReserve(capacity - memory.length)) return false;
    const larger = Buffer.allocUnsafe(capacity);
    memory.copy(larger, 0, 0, length);
    memory = larger;
    return true;
  }

  return {
    add(chunk) {
      const needed = length + chunk.byteLength;
      if (needed > mostBytes) return 'too_large';
      if (needed > memory.length && !grow(needed)) return 'over_budget';
      memory.set(chunk, length);
      length = needed;
      return 'added';
    },
    bytes: () => memory.subarray(0, length),
    release() {
      budget.release(memory.length);
      memory = Buffer.alloc(0);
      length = 0;
    },
  };
}
