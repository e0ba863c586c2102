import type { InboxPeek, LaneWaits } from '@ackline/store/inbox';
import { laneOf } from './lane.ts';
import { createLaneStillness, MAX_KNOWN_WAIT_MS, type StandingLane } from './lane-stillness.ts';
import { CLAIM_CHECK_BYTES } from './large-bodies.ts';

/**
 * Which inbox rows may be stored now. Pure; its memory is one offset per row that was looked at lately, and where each lane stood.
 *
 * IR1. Where there is no Kafka, or none that answers, only what has a known predecessor waits (IR2).
 * IR2. A row waits until the record of its key that its appender knew to be acked is stored, for as long as its lane comes nearer to
 *      that, however far behind it is. A lane that stood still for `MAX_KNOWN_WAIT_MS`, or a log that has no such record, lets it
 *      go, so long after its appending at least: a key holds itself, so order outlives the restart of a broker. Each process has
 *      a clock of its own for that, which goes while it looks: a lane does not stand still for one that could not see it. Where none
 *      lives for so long, what those that ended before saw of rows waiting counts too, and twice the time (`lane-stillness.ts`).
 * IR3. Further, it waits until its lane's stored offset has reached what the partition held when the row was first looked at
 *      (another appender may have sent something of its key), for `MAX_WAIT_MS` at most and only while the broker answers.
 * IR4. A row never overtakes an earlier row of its key hash that waits.
 * IR5. However many keys wait, none of them goes for that: they wait for their records, or until their time is over. Who looks
 *      (inbox-consumer.ts) looks behind them, past all that wait by IR2 (`waits`).
 * IR6. A row that is looked at again has the barrier that it got first. One that nobody looked at for `MAX_WAIT_MS` is forgotten: it
 *      is older than that (IR3).
 * IR7. Large rows go apart, behind all others that may go, and as many as fit into one transaction. The rest of them, and the later
 *      rows of their keys, wait for the next look: large bodies of one sender hold up none of another (A6).
 */
export interface InboxRelease {
  decide(rows: readonly InboxPeek[], lanes: LanesNow): ReleaseDecision;
  /** Which rows wait by IR2: nobody needs to look at them. */
  waits(lanes: LanesNow): LaneWaits;
  /** What processors saw that may have ended since (IR2). */
  inherit(earlier: readonly StandingLane[]): void;
  /** The lanes of which rows waited by IR2 when it was decided last. */
  standing(): readonly StandingLane[];
}

export interface LanesNow {
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
/** Of the bodies that one transaction takes: held in memory, and well within the statement limit. A row may have 25 MiB. */
export const MAX_STORED_BYTES = 16 * 1024 * 1024;

export function createInboxRelease(): InboxRelease {
  const barriers = createBarriers();
  const stillness = createLaneStillness();

  return {
    inherit: earlier => stillness.inherit(earlier),
    standing: () => stillness.standing(),
    waits: now => ({ ...lanesWaits(now, stillness.look(now)), maxAgeMs: MAX_KNOWN_WAIT_MS }),
    decide(rows, now) {
      const { lanes, watermarks, nowMs } = now;
      const { stored, longUntil } = lanesWaits(now, stillness.look(now));
      const waitingKeys = new Set<number>();
      const lanesWaitedFor = new Set<number>();
      const large = createLargeRows();
      const released: InboxPeek[] = [];
      let waiting = 0;
      let uncertain = 0;
      for (const row of rows) {
        const lane = laneOf(row.keyHash, lanes);
        const watermark = watermarks?.get(lane);
        const barrier = barriers.of(row, watermark, nowMs);
        const verdict = judge(row, { barrier, watermark, stored: stored[lane], longUntil: longUntil[lane] });
        if (verdict === 'wait' && row.afterOffset >= (stored[lane] ?? 0n)) lanesWaitedFor.add(lane);
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
      stillness.awaited(lanesWaitedFor);
      const heldKeyHashes = [...waitingKeys, ...large.keys];
      return { released, large: large.rows, waiting, heldKeyHashes, uncertain };
    },
  };
}

/** Greater than every offset. */
const NO_END = 2n ** 63n - 1n;

/** (IR2) */
function lanesWaits(
  { watermarks, storedOffsets }: LanesNow,
  standsStill: readonly boolean[],
): Pick<LaneWaits, 'stored' | 'longUntil'> {
  return {
    stored: standsStill.map((_, lane) => storedOffsets.get(lane) ?? 0n),
    longUntil: standsStill.map((isStill, lane) => (isStill ? 0n : (watermarks?.get(lane) ?? NO_END))),
  };
}

/** (IR6) In two halves: the older one is forgotten as a whole. */
function createBarriers() {
  let older = new Map<string, bigint>();
  let younger = new Map<string, bigint>();
  let changedMs = Number.NEGATIVE_INFINITY;
  return {
    of(row: InboxPeek, watermark: bigint | undefined, nowMs: number): bigint | undefined {
      if (nowMs - changedMs >= MAX_WAIT_MS) {
        [older, younger, changedMs] = [younger, new Map(), nowMs];
      }
      const barrier = younger.get(row.n) ?? older.get(row.n) ?? barrierOf(row, watermark);
      if (barrier !== undefined) younger.set(row.n, barrier);
      return barrier;
    },
  };
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
  readonly stored: bigint | undefined;
  readonly longUntil: bigint | undefined;
}

function judge(
  row: InboxPeek,
  { barrier, watermark, stored = 0n, longUntil = NO_END }: LaneState,
): 'go' | 'wait' | 'uncertain' {
  const ageMs = row.ageMs < 0 ? Number.POSITIVE_INFINITY : row.ageMs; // the database's clock was set back: nobody knows
  if (row.afterOffset >= stored)
    return ageMs < MAX_KNOWN_WAIT_MS || row.afterOffset < longUntil ? 'wait' : 'uncertain'; // (IR2)
  if (watermark === undefined) return 'go'; // (IR1)
  if (barrier !== undefined && stored >= barrier) return 'go';
  return ageMs >= MAX_WAIT_MS ? 'uncertain' : 'wait'; // (IR3)
}
