const SEED = 0x9747b28c;
const MULTIPLIER = 0x5bd1e995;
const POSITIVE_MASK = 0x7fffffff;

/**
 * Positive murmur2 of the key's UTF-8 bytes, as Kafka's default partitioner computes it, in [0, 2^31 - 1]. Every process
 * must agree on it for ever: it decides which lane an event's key belongs to, in Kafka and in the inbox alike.
 */
export function keyHash(recordKey: string | Buffer): number {
  const data = typeof recordKey === 'string' ? Buffer.from(recordKey, 'utf8') : recordKey;
  const length = data.length;
  const wordsEnd = length & ~3;
  let hash = SEED ^ length;
  for (let i = 0; i < wordsEnd; i += 4) {
    let word = Math.imul(data.readInt32LE(i), MULTIPLIER);
    word ^= word >>> 24;
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(word, MULTIPLIER);
  }
  if (wordsEnd < length) {
    hash ^= data.readUIntLE(wordsEnd, length - wordsEnd);
    hash = Math.imul(hash, MULTIPLIER);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, MULTIPLIER);
  hash ^= hash >>> 15;
  return hash & POSITIVE_MASK;
}

/** The lane (Kafka partition) of a key hash; without Kafka there is one lane. */
export function laneOf(hash: number, lanes: number): number {
  return hash % lanes;
}
