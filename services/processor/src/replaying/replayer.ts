import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import {
  FIRST_REPLAY,
  listActiveReplays,
  type ReplayPlace,
  type ReplayStep,
  stepReplay,
} from '@ackline/store/replay-release';
import { readReplayTotals } from '@ackline/store/replay-totals';
import { readReplay, type ReplayProgress, sweepReplays } from '@ackline/store/replays';
import type { Pool } from 'pg';
import type { ReplayMetrics } from './replay-metrics.ts';
import { nextStep } from './replay-pace.ts';
import { createReplayRests } from './replay-rests.ts';

/** While a replay is under way. Five steps a second keep any rate, and they take their time besides. */
const STEP_EVERY_MS = 150;
/** While there is none: how long one waits at most after it was started. */
const LOOK_EVERY_MS = 1_000;
const SWEEP_EVERY_MS = 60_000;
/** As often as metrics are asked for, or more. */
const COUNT_EVERY_MS = 5_000;
/** Steps of one round: those beyond have theirs in the next. An operator has one or two replays. */
const STEPS_A_ROUND = 20;

export interface ReplayerDeps {
  readonly pool: Pool;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Deliveries are due that were not before. */
  readonly onReleased: () => void;
  readonly metrics: ReplayMetrics;
}

export interface Replayer extends Component {
  /** A step of each replay that may have something to do; false: there is no replay. */
  round(signal?: AbortSignal): Promise<boolean>;
}

/**
 * Takes replays on, step by step; any number of processors may do it at once (Y3), since all that a step needs is in the
 * database. A replay that waits, for its destination or its rate, delays no other: a step waits for nothing, and who is held rests.
 */
export function createReplayer({ pool, log, onReleased, metrics }: ReplayerDeps): Replayer {
  const rests = createReplayRests();
  let after: ReplayPlace = FIRST_REPLAY;
  const care = createCare({ pool, metrics });

  async function round(signal?: AbortSignal): Promise<boolean> {
    const resting = rests.resting();
    const found = await listActiveReplays(pool, { limit: STEPS_A_ROUND + 1, after, except: resting });
    const isFirst = after === FIRST_REPLAY;
    const replays = found.slice(0, STEPS_A_ROUND);
    after = found.length > STEPS_A_ROUND ? (replays.at(-1) ?? FIRST_REPLAY) : FIRST_REPLAY;
    for (const { id } of replays) {
      if (signal?.aborted === true) break; // what is left is for others (Y3)
      // One that fails holds up no other (A6).
      await step(id).catch((error: unknown) => {
        rests.failed(id);
        log.error({ err: error, replay: id }, 'replay.failed');
      });
    }
    return replays.length + resting.length > 0 || !isFirst;
  }

  async function step(id: string): Promise<void> {
    const stepped = await stepReplay(pool, id, nextStep);
    rests.stepped(id, stepped);
    if (stepped === null) return;
    if (stepped.released > 0) onReleased();
    if (stepped.step.kind === 'done' || stepped.step.kind === 'stop')
      await noteEnd({ pool, log }, id, stepped.step);
    else if (stepped.step.kind === 'run') log.info({ replay: id }, 'replay.trickle-arrived');
  }

  async function roundAndSweep(signal: AbortSignal): Promise<boolean> {
    try {
      const isActive = await round(signal);
      if (signal.aborted) return isActive;
      await care();
      return isActive;
    } catch (error) {
      log.error({ err: error }, 'replay.failed');
      return false;
    }
  }

  return {
    name: 'replayer',
    round,
    async run(signal) {
      while (!signal.aborted) {
        const waitMs = (await roundAndSweep(signal)) ? STEP_EVERY_MS : LOOK_EVERY_MS;
        await delay(waitMs, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

/** What is to be done for all replays together, each at its time. */
function createCare({ pool, metrics }: Pick<ReplayerDeps, 'pool' | 'metrics'>): () => Promise<void> {
  let sweptAt = Number.NEGATIVE_INFINITY;
  let countedAt = Number.NEGATIVE_INFINITY;

  async function sweep(): Promise<void> {
    if (performance.now() - sweptAt < SWEEP_EVERY_MS) return;
    sweptAt = performance.now();
    // A part each round, so that it is no more than the others' work.
    if (await sweepReplays(pool, `processor@${hostname()}`)) sweptAt = Number.NEGATIVE_INFINITY;
  }

  async function count(): Promise<void> {
    if (performance.now() - countedAt < COUNT_EVERY_MS) return;
    countedAt = performance.now();
    metrics.replays(await readReplayTotals(pool));
  }

  return async () => {
    await sweep();
    await count();
  };
}

/** What became of the whole of it, so far. */
async function noteEnd(
  { pool, log }: Pick<ReplayerDeps, 'pool' | 'log'>,
  replay: string,
  end: Extract<ReplayStep, { kind: 'done' | 'stop' }>,
): Promise<void> {
  const fields = { replay, ...countsOf(await readReplay(pool, replay).catch(() => null)) };
  if (end.kind === 'done') log.info(fields, 'replay.done');
  else log.warn({ ...fields, reason: end.reason }, 'replay.stopped');
}

/** null: it can not be read just now, and its end is said all the same. */
function countsOf(progress: ReplayProgress | null) {
  if (progress === null) return {};
  const { counted, released, skipped, left, parkedAgain } = progress;
  return { counted, released, skipped, left, parkedAgain };
}
