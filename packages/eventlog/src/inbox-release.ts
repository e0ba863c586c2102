import type { InboxPeek } from '@ackline/store/inbox';
import { laneOf } from './lane.ts';
import { CLAIM_CHECK_BYTES } from './large-bodies.ts';

/**
 * Which inbox rows may be stored now. Pure; its memory is one offset per row that was looked at last, and where each lane stood.
 *
 * IR1. Without Kafka nothing waits; where the broker does not answer, only what has a known predecessor does (IR2).
 * IR2. A row waits until the record of its key that its appender knew to be acked is stored, for as long as its lane comes nearer to
 *      that, however far behind it is. A lane that stood still for `MAX_KNOWN_WAIT_MS`, or a log that has no such record, lets it
 *      go, so long after its appending at least: a key holds itself, so order outlives the restart of a broker.
 * IR3. Further, it waits until its lane's stored offset has reached what the partition held when the row was first looked at
 *      (another appender may have sent something of its key), for `MAX_WAIT_MS` at most and only while the broker answers.
 * IR4. A row never overtakes an earlier row of its key hash that waits.
 * IR5. However many keys wait, none of them goes for that: they wait for their records, or until their time is over. Who looks
 *      (inbox-consumer.ts) looks behind them.
 * IR6. The barriers are those of the rows peeked last and of what was seen behind them: a look in several parts begins with the first
 *      one again, and gives no row a later barrier for that. No others are kept.
 * IR7. Large rows go apart, behind all others that may go, and as many as fit into one transaction. The rest of them, and the later
 *      rows of their keys, wait for the next look: large bodies of one sender hold up none of another (A6).
 */
export interface InboxRelease {
  decide(input: ReleaseInput): ReleaseDecision;
}

export interface ReleaseInput {
  /** In the order of appending. */
  readonly rows: readonly InboxPeek[];
  readonly lanes: number;
  /** High watermark per lane now; a lane that is missing has a broker that does not answer. null: no Kafka, or none answers. */
  readonly watermarks: ReadonlyMap<number, bigint> | null;
  /** First offset per lane that is not stored yet; missing: nothing is stored. */
  readonly storedOffsets: ReadonlyMap<number, bigint>;
  /** Milliseconds, any origin. */
  readonly nowMs: number;
}

export interface ReleaseDecision {
  /** Those that may go, in order. */
  readonly released: readonly InboxPeek[];
  /** Those that may go once these have gone, together. */
  readonly large: readonly InboxPeek[];
  /** How many wait for what comes before them. */
  readonly waiting: number;
  /** Keys that have a row which may not go now. */
  readonly heldKeyHashes: readonly number[];
  /** Of those that may go: those that went without knowing that what came before them is stored. */
  readonly uncertain: number;
}

/** For what one can't know, and that is rarely there. */
export const MAX_WAIT_MS = 5_000;
/**
 * A broker is restarted, and its consumers are back and store, within this. In a longer outage the key goes on without what the
 * broker keeps: that goes out when it is found, and is counted.
 */
export const MAX_KNOWN_WAIT_MS = 60_000;

/** Of the bodies that one transaction takes: held in memory, and well within the statement limit. A row may have 25 MiB. */
export const MAX_STORED_BYTES = 16 * 1024 * 1024;

export function createInboxRelease(): InboxRelease {
  let barriers = new Map<string, bigint>();
  const stillness = createStillness();

  return {
    decide({ rows, lanes, watermarks, storedOffsets, nowMs }) {
      const seen = new Map<string, bigint>();
      const waitingKeys = new Set<number>();
      const large = createLargeRows();
      const released: InboxPeek[] = [];
      let waiting = 0;
      let uncertain = 0;
      for (const row of rows) {
        const lane = laneOf(row.keyHash, lanes);
        const watermark = watermarks?.get(lane);
        const stored = storedOffsets.get(lane) ?? 0n;
        const barrier = barriers.get(row.n) ?? barrierOf(row, watermark);
        if (barrier !== undefined) seen.set(row.n, barrier); // (IR6)
        const stillMs = stillness.ms(lane, stored, nowMs);
        const verdict = judge(row, { barrier, watermark, stored, stillMs });
        if (verdict === 'wait' || waitingKeys.has(row.keyHash)) {
          waitingKeys.add(row.keyHash); // (IR4, IR5)
          waiting += 1;
          continue;
        }
        const place = large.placeOf(row); // (IR7)
        if (place === 'later') continue;
        if (place === 'among the others') released.push(row);
        if (verdict === 'uncertain') uncertain += 1;
      }
      keepBehind(barriers, seen, rows.at(-1));
      barriers = seen;
      const heldKeyHashes = [...waitingKeys, ...large.keys];
      return { released, large: large.rows, waiting, heldKeyHashes, uncertain };
    },
  };
}

/** How long each lane has been where it is, since it was seen there first (IR2). */
function createStillness() {
  const places = new Map<number, { readonly stored: bigint; readonly sinceMs: number }>();
  return {
    ms(lane: number, stored: bigint, nowMs: number): number {
      const before = places.get(lane);
      if (before?.stored === stored) return nowMs - before.sinceMs;
      places.set(lane, { stored, sinceMs: nowMs });
      return 0;
    },
  };
}

/** (IR6) */
function keepBehind(
  before: ReadonlyMap<string, bigint>,
  seen: Map<string, bigint>,
  last: InboxPeek | undefined,
): void {
  if (last === undefined) return;
  const lastN = BigInt(last.n);
  for (const [n, barrier] of before) if (!seen.has(n) && BigInt(n) > lastN) seen.set(n, barrier);
}

/** (IR7) */
function createLargeRows() {
  const rows: InboxPeek[] = [];
  const keys = new Set<number>();
  let bytes = 0;
  return {
    rows,
    /** Of the large rows, whether they go now or later. */
    keys,
    placeOf(row: InboxPeek): 'among the others' | 'behind them' | 'later' {
      if (keys.has(row.keyHash)) return 'later';
      if (row.bodyBytes <= CLAIM_CHECK_BYTES) return 'among the others';
      keys.add(row.keyHash);
      if (rows.length > 0 && bytes + row.bodyBytes > MAX_STORED_BYTES) return 'later';
      rows.push(row);
      bytes += row.bodyBytes;
      return 'behind them';
    },
  };
}

function barrierOf(row: InboxPeek, watermark: bigint | undefined): bigint | undefined {
  if (watermark === undefined) return undefined;
  return watermark > row.afterOffset ? watermark : row.afterOffset + 1n;
}

interface LaneState {
  readonly barrier: bigint | undefined;
  readonly watermark: bigint | undefined;
  readonly stored: bigint;
  /** How long ago `stored` changed. */
  readonly stillMs: number;
}

function judge(row: InboxPeek, lane: LaneState): 'go' | 'wait' | 'uncertain' {
  const ageMs = row.ageMs < 0 ? Number.POSITIVE_INFINITY : row.ageMs; // the database's clock was set back: nobody knows
  if (row.afterOffset >= lane.stored) {
    const isInLog = lane.watermark === undefined || lane.watermark > row.afterOffset;
    const comesNearer = isInLog && lane.stillMs < MAX_KNOWN_WAIT_MS;
    return ageMs < MAX_KNOWN_WAIT_MS || comesNearer ? 'wait' : 'uncertain'; // (IR2)
  }
  if (lane.watermark === undefined) return 'go'; // (IR1)
  if (lane.barrier !== undefined && lane.stored >= lane.barrier) return 'go';
  return ageMs >= MAX_WAIT_MS ? 'uncertain' : 'wait'; // (IR3)
}
