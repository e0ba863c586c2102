import type { EventEnvelope } from '@ackline/shared/envelope';
import { recordKey } from '@ackline/shared/record-key';
import { keyHash, laneOf } from './lane.ts';

/** Keys that were appended lately; an outage is about these. Each costs about 100 bytes. */
const MAX_KEYS = 50_000;
const NO_OFFSET = -1n;

interface Place {
  readonly lane: number;
  readonly offset: bigint;
}

/**
 * The last offset that this process knows to be acked for each ordering key, so that an inbox row can say what must be
 * stored before it. Of a key that was forgotten it says the greatest offset that it could have had: too late a place is
 * safe, too early a one is not.
 */
export interface KeyOffsets {
  /** Offsets of a key may come in any order: the greatest counts. */
  raise(keyHash: number, place: Place): void;
  /** -1n: nothing of this key was acked. */
  get(keyHash: number, lane: number): bigint;
}

/**
 * Two halves: when the younger one is full it takes the place of the older one, whose keys are forgotten as a whole. A list
 * in the order of use costs ten times that for each record.
 */
export function createKeyOffsets(maxKeys: number = MAX_KEYS): KeyOffsets {
  const halfKeys = Math.max(1, Math.floor(maxKeys / 2));
  /** By lane. */
  const forgotten = new Map<number, bigint>();
  let younger = new Map<number, Place>();
  let older = new Map<number, Place>();

  function forgetOlder(): void {
    for (const { lane, offset } of older.values()) {
      if (offset > (forgotten.get(lane) ?? NO_OFFSET)) forgotten.set(lane, offset);
    }
    older = younger;
    younger = new Map();
  }
  const find = (keyHash: number) => younger.get(keyHash) ?? older.get(keyHash);

  return {
    raise(keyHash, place) {
      if (place.offset <= (find(keyHash)?.offset ?? NO_OFFSET)) return;
      if (younger.size >= halfKeys) forgetOlder();
      younger.set(keyHash, place);
    },
    get: (keyHash, lane) => find(keyHash)?.offset ?? forgotten.get(lane) ?? NO_OFFSET,
  };
}

/** Of the event's own ordering key; -1n: it has none, or nothing of it was acked. */
export function lastOffsetOf(
  event: Pick<EventEnvelope, 'id' | 'source' | 'orderingKey'>,
  keyOffsets: KeyOffsets,
  lanes: number,
): bigint {
  if (event.orderingKey === null) return NO_OFFSET;
  const hash = keyHash(recordKey(event));
  return keyOffsets.get(hash, laneOf(hash, lanes));
}
