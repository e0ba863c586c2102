import { LRUCache } from 'lru-cache';

/** Keys that were appended lately; an outage is about these. Each costs about 200 bytes. */
const MAX_KEYS = 50_000;
const NO_OFFSET = -1n;

/**
 * The last offset that this process knows to be acked for each ordering key, so that an inbox row can say what must be
 * stored before it. Of a key that was forgotten it says the greatest offset that it could have had: too late a place is
 * safe, too early a one is not.
 */
export interface KeyOffsets {
  /** Offsets of a key may come in any order: the greatest counts. */
  raise(keyHash: number, place: { readonly lane: number; readonly offset: bigint }): void;
  /** -1n: nothing of this key was acked. */
  get(keyHash: number, lane: number): bigint;
}

export function createKeyOffsets(maxKeys: number = MAX_KEYS): KeyOffsets {
  const forgotten = new Map<number, bigint>();
  const known = new LRUCache<number, { readonly lane: number; readonly offset: bigint }>({
    max: maxKeys,
    dispose({ lane, offset }, _hash, reason) {
      if (reason === 'evict' && offset > (forgotten.get(lane) ?? NO_OFFSET)) forgotten.set(lane, offset);
    },
  });
  return {
    raise(keyHash, place) {
      if (place.offset > (known.get(keyHash)?.offset ?? NO_OFFSET)) known.set(keyHash, place);
    },
    get: (keyHash, lane) => known.get(keyHash)?.offset ?? forgotten.get(lane) ?? NO_OFFSET,
  };
}
