import type { InboxPeek } from '@ackline/store/inbox';
import { laneOf } from './lane.ts';

/**
 * Which inbox rows may be stored now. Pure; its memory is one offset per row that was peeked last.
 *
 * R1. Without Kafka, or where the broker does not answer, nothing waits.
 * R2. A row waits until its lane's stored offset has reached what its partition held when the row was first looked at, and
 *     what its appender knew to be acked there.
 * R3. No row waits longer than `MAX_WAIT_MS` from its appending.
 * R4. A row never overtakes an earlier row of its key hash that waits.
 * R5. The barriers are those of the rows peeked last, no others.
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
}

export interface ReleaseDecision {
  /** `n` of the rows that may go, in order. */
  readonly released: readonly string[];
  readonly waiting: number;
  /** Of the released: those that went without knowing that what came before them is stored. */
  readonly uncertain: number;
}

/** By DESIGN: what one can't know goes out when found, is counted, and holds nothing up for longer than this. */
export const MAX_WAIT_MS = 5_000;

export function createInboxRelease(): InboxRelease {
  let barriers = new Map<string, bigint>();

  return {
    decide({ rows, lanes, watermarks, storedOffsets }) {
      const seen = new Map<string, bigint>();
      const held = new Set<number>();
      const released: string[] = [];
      let uncertain = 0;
      for (const row of rows) {
        const lane = laneOf(row.keyHash, lanes);
        const watermark = watermarks?.get(lane);
        const barrier = barriers.get(row.n) ?? barrierOf(row, watermark);
        if (barrier !== undefined) seen.set(row.n, barrier); // (R5)
        const verdict = judge(row, { barrier, watermark, stored: storedOffsets.get(lane) ?? 0n });
        if (verdict === 'wait' || held.has(row.keyHash)) {
          held.add(row.keyHash); // (R4)
          continue;
        }
        released.push(row.n);
        if (verdict === 'uncertain') uncertain += 1;
      }
      barriers = seen;
      return { released, waiting: rows.length - released.length, uncertain };
    },
  };
}

/** (R2) */
function barrierOf(row: InboxPeek, watermark: bigint | undefined): bigint | undefined {
  if (watermark === undefined) return undefined;
  return watermark > row.afterOffset ? watermark : row.afterOffset + 1n;
}

function judge(
  row: InboxPeek,
  lane: { barrier: bigint | undefined; watermark: bigint | undefined; stored: bigint },
): 'go' | 'wait' | 'uncertain' {
  if (lane.barrier !== undefined && lane.stored >= lane.barrier) return 'go';
  if (lane.watermark === undefined) return row.afterOffset < lane.stored ? 'go' : 'uncertain'; // (R1)
  return row.ageMs >= MAX_WAIT_MS ? 'uncertain' : 'wait'; // (R3)
}
