import { randomBytes, randomFillSync } from 'node:crypto';
import { v7 as uuidV7 } from 'uuid';
import { integerIn } from './integer-in.ts';

/** The greatest time that fits the 48 bits of a UUIDv7. */
const MAX_UUID_TIME_MS = 2 ** 48 - 1;
/** UUIDv7 has room for 31 random bits that may count up within a millisecond; half of the range is kept free for that. */
const MAX_FIRST_SEQUENCE = 2 ** 30;
const MAX_SEQUENCE = 2 ** 32 - 1;

/** What the library asks for; it uses the last six, and the sequence is taken from the first ones. */
const RANDOM_BYTES = 16;
const SEQUENCE_AT = 0;
/** The last four bytes of an id are the same in all of its process: two processes have the same ones in one of four billion cases. */
const MARK_BYTES = 4;
/** One call for random bytes costs more than all else of an id: this many are taken at a time. */
const POOL_BYTES = RANDOM_BYTES * 256;

export type EventIds = (nowMs?: number) => string;

/**
 * Gives UUIDv7 ids that only grow, also within a millisecond and when the clock is set back. That keeps index inserts
 * local; it promises no order between processes.
 */
export function createEventIds(): EventIds {
  const random = createRandom();
  let lastMs = 0;
  let sequence = 0;
  return (nowMs = Date.now()) => {
    integerIn('nowMs', nowMs, [0, MAX_UUID_TIME_MS]);
    if (nowMs > lastMs || sequence >= MAX_SEQUENCE) {
      lastMs = Math.max(nowMs, lastMs + 1);
      sequence = random.next().readUInt32BE(SEQUENCE_AT) % MAX_FIRST_SEQUENCE;
    } else {
      sequence += 1;
    }
    return uuidV7({ msecs: lastMs, seq: sequence, random: random.next() });
  };
}

/** The ids of this process: one state for all callers, so that they stay unique and growing. */
export const newEventId: EventIds = createEventIds();

/** Whether both are of one process, so that the greater one is the later one for sure. False, too, where an earlier release gave one of them. */
export function isOfSameProcess(one: string, other: string): boolean {
  return one.slice(-2 * MARK_BYTES) === other.slice(-2 * MARK_BYTES);
}

/** Random bytes that are handed out once each, but for the mark at their end. */
function createRandom(): { next(): Buffer } {
  const mark = randomBytes(MARK_BYTES);
  const pool = Buffer.alloc(POOL_BYTES);
  let at = POOL_BYTES;
  return {
    next() {
      if (at >= POOL_BYTES) {
        randomFillSync(pool);
        for (let end = RANDOM_BYTES; end <= POOL_BYTES; end += RANDOM_BYTES)
          mark.copy(pool, end - MARK_BYTES);
        at = 0;
      }
      at += RANDOM_BYTES;
      return pool.subarray(at - RANDOM_BYTES, at);
    },
  };
}
