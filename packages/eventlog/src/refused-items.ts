/** Halving a batch of 1,000 down to one item takes ten steps; the bound is for a log that refuses everything. */
const MAX_WRITES = 64;

export interface IsolatingWrite<T> {
  /** Writes all of them or rejects. What was written already may be written again. */
  readonly write: (items: readonly T[]) => Promise<void>;
  /** True: the log refused the batch for what is in it; other batches may go. */
  readonly isRefusal: (error: unknown) => boolean;
}

/**
 * Writes a batch; where the log refuses it for what is in it, its halves, so that an item which no batch can hold fails
 * alone. Resolves with the items that were refused, each with its error, or null. Rejects when the log itself fails.
 */
export async function writeIsolating<T>(
  items: readonly T[],
  { write, isRefusal }: IsolatingWrite<T>,
): Promise<ReadonlyMap<T, Error> | null> {
  const refused = new Map<T, Error>();
  const parts: (readonly T[])[] = [items];
  let writes = 0;
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    try {
      writes += 1;
      await write(part);
    } catch (error) {
      if (!(error instanceof Error) || !isRefusal(error)) throw error;
      if (part.length === 1 || writes >= MAX_WRITES) {
        for (const item of part) refused.set(item, error);
        continue;
      }
      const middle = Math.ceil(part.length / 2);
      parts.push(part.slice(middle), part.slice(0, middle)); // the first half is taken next: order stays
    }
  }
  return refused.size === 0 ? null : refused;
}
