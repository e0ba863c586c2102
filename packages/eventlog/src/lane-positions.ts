import type { Logger } from '@ackline/runtime/logger';
import type { LaneOffset } from '@ackline/store/lanes';
import { type LaneStart, startOfLane } from './lane-start.ts';
import type { Watermarks } from './watermarks.ts';

/** What the positions need of the Kafka client. */
export interface LaneReader {
  pause(lanes: readonly number[]): void;
  resume(lanes: readonly number[]): void;
  seek(lane: number, offset: bigint): void;
}

/**
 * Which lanes are this consumer's, and the offset at which each goes on. The invariants are those of kafka-consumer.ts.
 */
export interface LanePositions {
  /** (C2) A new assignment: all its lanes stand still until PostgreSQL has said where they go on. */
  assign(lanes: readonly number[]): void;
  /** Where the lane's next batch has to begin; null: it stands still, or is not ours. */
  expected(lane: number): bigint | null;
  /** What PostgreSQL's offset of the lane was seen to be, at least; null: it had none. */
  storedTo(lane: number): bigint | null;
  advance(lane: number, offset: bigint): void;
  /** (C3) Lets the lane stand still and asks PostgreSQL anew. */
  reposition(lane: number): void;
  /** (C10) As `reposition`, and says that PostgreSQL lost what was stored of it. */
  goBack(lane: number): void;
  /** (C5) Lets the lane stand still for its backoff, then goes on where it is. */
  retryLater(lane: number): void;
  /** Changes with every assignment. */
  readonly epoch: number;
  readonly lanes: readonly number[];
  readonly retrying: readonly number[];
  /** Nothing is resumed or asked any more. */
  stop(): void;
}

export interface LanePositionsOptions {
  readonly reader: LaneReader;
  readonly topicId: string;
  readOffsets(topicId: string): Promise<readonly LaneOffset[]>;
  /** The lane's log became shorter than what is stored: what is stored of it starts anew at `to`. */
  setLaneBack(lane: { lane: number; topicId: string; from: bigint; to: bigint }): Promise<unknown>;
  readonly watermarks: Pick<Watermarks, 'highWatermarks' | 'lowWatermarks'>;
  readonly log: Pick<Logger, 'warn' | 'error'>;
}

const FIRST_RETRY_MS = 200;
/** After an outage of PostgreSQL its lanes go on within this time. */
const MAX_RETRY_MS = 5_000;
/** A batch that did not fit is rare; if it never fits, this keeps the questions few. */
const REPOSITION_WAIT_MS = 100;

/** How soon the loss of what was stored of a lane is found, where nothing new comes for it (C10). */
const COMPARE_EVERY_MS = 10_000;

interface LaneState {
  expected: bigint | null;
  storedTo: bigint | null;
  retryMs: number;
  retrying: boolean;
}

export function createLanePositions(options: LanePositionsOptions): LanePositions {
  return new Positions(options);
}

class Positions implements LanePositions {
  readonly #options: LanePositionsOptions;
  readonly #timers = new Set<NodeJS.Timeout>();
  #states = new Map<number, LaneState>();
  #epoch = 0;

  constructor(options: LanePositionsOptions) {
    this.#options = options;
  }

  get epoch(): number {
    return this.#epoch;
  }

  get lanes(): readonly number[] {
    return [...this.#states.keys()];
  }

  get retrying(): readonly number[] {
    return [...this.#states].filter(([, state]) => state.retrying).map(([lane]) => lane);
  }

  assign(lanes: readonly number[]): void {
    this.#forgetTimers();
    this.#epoch += 1;
    this.#states = new Map(
      lanes.map(lane => [lane, { expected: null, storedTo: null, retryMs: FIRST_RETRY_MS, retrying: false }]),
    );
    if (lanes.length === 0) return;
    this.#options.reader.pause(lanes);
    this.#position(lanes, FIRST_RETRY_MS);
    this.#compareLater();
  }

  expected(lane: number): bigint | null {
    return this.#states.get(lane)?.expected ?? null;
  }

  storedTo(lane: number): bigint | null {
    return this.#states.get(lane)?.storedTo ?? null;
  }

  advance(lane: number, offset: bigint): void {
    if (this.#states.has(lane)) {
      this.#states.set(lane, {
        expected: offset,
        storedTo: offset,
        retryMs: FIRST_RETRY_MS,
        retrying: false,
      });
    }
  }

  reposition(lane: number): void {
    const state = this.#states.get(lane);
    if (state === undefined) return;
    state.expected = null;
    state.storedTo = null;
    this.#options.reader.pause([lane]);
    this.#later(REPOSITION_WAIT_MS, () => this.#position([lane], FIRST_RETRY_MS));
  }

  goBack(lane: number): void {
    if (this.expected(lane) === null) return; // it is asked already
    this.#options.log.error({ lane, storedTo: String(this.storedTo(lane)) }, 'kafka.lane-went-back');
    this.reposition(lane);
  }

  retryLater(lane: number): void {
    const state = this.#states.get(lane);
    if (state === undefined) return;
    this.#options.reader.pause([lane]);
    this.#later(state.retryMs, () => this.#options.reader.resume([lane]));
    state.retrying = true;
    state.retryMs = Math.min(state.retryMs * 2, MAX_RETRY_MS);
  }

  stop(): void {
    this.#epoch += 1;
    this.#forgetTimers();
  }

  /** (C2) Asks until there is an answer, or another assignment. */
  #position(lanes: readonly number[], retryMs: number): void {
    const asked = this.#epoch;
    startsOf(this.#options, lanes).then(
      starts => {
        if (asked === this.#epoch) this.#begin(starts);
      },
      (error: unknown) => {
        if (asked !== this.#epoch) return;
        this.#options.log.warn({ err: error, lanes }, 'kafka.position-unknown');
        this.#later(retryMs, () => this.#position(lanes, Math.min(retryMs * 2, MAX_RETRY_MS)));
      },
    );
  }

  #begin(starts: readonly Start[]): void {
    for (const { lane, offset, storedTo } of starts) {
      const state = this.#states.get(lane);
      if (state !== undefined) {
        state.expected = offset;
        state.storedTo = storedTo;
      }
      this.#options.reader.seek(lane, offset);
    }
    this.#options.reader.resume(starts.map(({ lane }) => lane));
  }

  /** (C10) */
  #compareLater(): void {
    this.#later(COMPARE_EVERY_MS, () => {
      const asked = this.#epoch;
      const again = () => {
        if (asked === this.#epoch) this.#compareLater();
      };
      const seen = [...this.#states].flatMap(([lane, { storedTo }]) =>
        storedTo === null ? [] : [[lane, storedTo] as const],
      );
      if (seen.length === 0) return again();
      const goBack = (offsets: readonly LaneOffset[]) => {
        if (asked === this.#epoch) for (const lane of lanesBehind(offsets, seen)) this.goBack(lane);
      };
      this.#options
        .readOffsets(this.#options.topicId)
        .then(goBack, () => undefined) // of a PostgreSQL that is away others tell
        .finally(again);
    });
  }

  /** Unless another assignment comes first. */
  #later(waitMs: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, waitMs);
    this.#timers.add(timer);
  }

  #forgetTimers(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}

interface Start {
  readonly lane: number;
  readonly offset: bigint;
  readonly storedTo: bigint | null;
}

function lanesBehind(
  offsets: readonly LaneOffset[],
  seen: readonly (readonly [lane: number, storedTo: bigint])[],
): readonly number[] {
  const stored = new Map(offsets.map(({ lane, nextOffset }) => [lane, nextOffset]));
  return seen.flatMap(([lane, storedTo]) => ((stored.get(lane) ?? -1n) < storedTo ? [lane] : []));
}

/** PostgreSQL first, then the log: the other way round, what was stored meanwhile would look as if it were beyond the end. */
async function startsOf(options: LanePositionsOptions, lanes: readonly number[]): Promise<readonly Start[]> {
  const { watermarks, topicId } = options;
  const offsets = await options.readOffsets(topicId);
  const stored = new Map(offsets.map(({ lane, nextOffset }) => [lane, nextOffset]));
  const [low, high] = await Promise.all([watermarks.lowWatermarks(), watermarks.highWatermarks()]);
  const starts: Start[] = [];
  for (const lane of lanes) {
    const bounds = { low: low.get(lane) ?? 0n, high: high.get(lane) ?? 0n };
    const from = stored.get(lane) ?? null;
    const start = startOfLane(from, bounds);
    logRestart(options.log, { lane, from, ...bounds }, start.reason);
    // Not where the end is merely unknown.
    if (start.reason === 'log-shorter' && from !== null && high.has(lane)) {
      await options.setLaneBack({ lane, topicId, from, to: start.offset });
    }
    const isBehind = from !== null && from < start.offset;
    starts.push({ lane, offset: start.offset, storedTo: from === null || isBehind ? from : start.offset });
  }
  return starts;
}

function logRestart(
  log: LanePositionsOptions['log'],
  {
    lane,
    from,
    low,
    high,
  }: { readonly lane: number; readonly from: bigint | null; readonly low: bigint; readonly high: bigint },
  reason: LaneStart['reason'],
): void {
  if (reason !== 'records-gone' && reason !== 'log-shorter') return;
  const fields = { lane, stored: String(from), low: String(low), high: String(high) };
  log.error({ ...fields, reason }, 'kafka.lane-restarted');
}
