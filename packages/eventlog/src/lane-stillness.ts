/*
 * When a record that an inbox row waits for (IR2 of inbox-release.ts) is given up. As long as its lane's stored offset moves, the record comes
 * nearer, and the row waits. A lane that stands still may be a broker that restarts, or a record that never comes; only time tells, and a
 * processor that is not there sees no time pass. So each has a clock for each lane, which goes while it looks and starts anew when the offset
 * moves. One that reaches 60 s is enough, whether a row waited or not. But processors that are killed every 40 s would hold the row for ever:
 * what a clock showed while rows waited is therefore part of a processor's state in PostgreSQL (its heartbeat, kept also by one that drains:
 * services/processor/src/standing-lanes.ts), and the next one adds its own to it. That sum has to reach 120 s, and the own part 10 s.
 *
 *   one lives    A ├────────── 60 s ──────────┤ goes
 *
 *   none does    B ├───── 50 s ─────┤ killed
 *                                       C ├───── 50 s ─────┤ killed
 *                                                                D ├── 20 s ──┤ goes: 50 + 50 + 20, and D looked for 10 s
 *                ─────────────────────────────────────────────────────────────▶ all of it at one stored offset, or from zero
 */

/** A lane that a processor saw stand still while rows waited for what comes in it. */
export interface StandingLane {
  readonly lane: number;
  /** First offset that was not stored. */
  readonly stored: bigint;
  /**
   * How long rows were seen to wait for it there, also by processors that ended before. Not how long it stood: a lane of which nothing
   * comes stands still for days, and says nothing of how soon a record of it is read.
   */
  readonly stillMs: number;
}

/**
 * A broker is restarted, and its consumers are back and store, within this. In a longer outage the key goes on without what the
 * broker keeps: that goes out when it is found, and is counted.
 */
export const MAX_KNOWN_WAIT_MS = 60_000;
/**
 * So long in all, where none that looked lived for `MAX_KNOWN_WAIT_MS`: one start alone lets no row go earlier, and of processors that
 * never live for long the rows go all the same.
 */
export const MAX_SHARED_WAIT_MS = 2 * MAX_KNOWN_WAIT_MS;
/**
 * So long it looks itself before what others saw counts: in an outage that rows waited through, processors start again as the broker
 * comes back, and read within it.
 */
export const LEAST_OWN_WAIT_MS = 10_000;
/** Looks are as far apart at most while a row waits: a longer time between two was none in which a lane could be seen to stand. */
const LOOK_MS = 5_000;

/** How long each lane was seen to be where it is (IR2 of inbox-release.ts). */
export interface LaneStillness {
  /** Whether a lane has stood still for too long, by lane. */
  look(now: {
    readonly lanes: number;
    readonly storedOffsets: ReadonlyMap<number, bigint>;
    readonly nowMs: number;
  }): readonly boolean[];
  /** What processors saw that may have ended since: it counts where the lane is still there. */
  inherit(earlier: readonly StandingLane[]): void;
  /** The lanes that rows wait for, by the last look: their time goes on from there. */
  awaited(lanes: ReadonlySet<number>): void;
  /** Those, at the last look. */
  standing(): readonly StandingLane[];
}

interface LanePlace {
  readonly stored: bigint;
  readonly ownMs: number;
  /** Of which rows waited for it. */
  readonly awaitedMs: number;
}

export function createLaneStillness(): LaneStillness {
  const places = new Map<number, LanePlace>();
  const earlierMs = new Map<string, number>();
  let lookedMs = Number.NEGATIVE_INFINITY;
  let awaited: ReadonlySet<number> = new Set();

  function standingOf(lane: number): StandingLane {
    const { stored, awaitedMs } = places.get(lane) ?? { stored: 0n, awaitedMs: 0 };
    return { lane, stored, stillMs: awaitedMs + (earlierMs.get(placeKey(lane, stored)) ?? 0) };
  }

  return {
    look({ lanes, storedOffsets, nowMs }) {
      const passedMs = Math.min(nowMs - lookedMs, LOOK_MS);
      lookedMs = nowMs;
      return Array.from({ length: lanes }, (_, lane) => {
        const stored = storedOffsets.get(lane) ?? 0n;
        const before = places.get(lane);
        const { ownMs, awaitedMs } =
          before?.stored === stored
            ? {
                ownMs: before.ownMs + passedMs,
                awaitedMs: before.awaitedMs + (awaited.has(lane) ? passedMs : 0),
              }
            : { ownMs: 0, awaitedMs: 0 };
        places.set(lane, { stored, ownMs, awaitedMs });
        if (ownMs >= MAX_KNOWN_WAIT_MS) return true;
        return ownMs >= LEAST_OWN_WAIT_MS && standingOf(lane).stillMs >= MAX_SHARED_WAIT_MS;
      });
    },
    inherit(earlier) {
      for (const { lane, stored, stillMs } of earlier) {
        const key = placeKey(lane, stored);
        earlierMs.set(key, Math.max(stillMs, earlierMs.get(key) ?? 0));
      }
    },
    awaited(lanes) {
      awaited = lanes;
    },
    standing: () => [...awaited].map(standingOf),
  };
}

/** An offset only grows: a lane that is at the same one never left it. */
function placeKey(lane: number, stored: bigint): string {
  return `${lane}:${stored}`;
}
