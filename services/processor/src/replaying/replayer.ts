import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import { listActiveReplays, type ReplayStepped, stepReplay } from '@ackline/store/replay-release';
import { sweepReplays } from '@ackline/store/replays';
import type { Pool } from 'pg';
import { nextStep } from './replay-pace.ts';

/** While a replay is under way: what is released goes out at once, so that this many steps a second keep any usual rate. */
const STEP_EVERY_MS = 200;
/** While there is none: how long one waits at most after it was started. */
const LOOK_EVERY_MS = 1_000;
const SWEEP_EVERY_MS = 60_000;
/** Replays beyond this wait for the end of others: an operator has one or two. */
const MAX_ACTIVE = 20;

export interface ReplayerDeps {
  readonly pool: Pool;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Deliveries are due that were not before. */
  readonly onReleased: () => void;
}

export interface Replayer extends Component {
  /** One step of each replay; whether there is any. */
  round(): Promise<boolean>;
}

/**
 * Takes replays on, step by step; any number of processors may do it at once (Y3), since all that a step needs is in the
 * database. A replay that waits, for its destination or its rate, delays no other.
 */
export function createReplayer({ pool, log, onReleased }: ReplayerDeps): Replayer {
  let sweptAt = Number.NEGATIVE_INFINITY;

  async function sweep(): Promise<void> {
    if (performance.now() - sweptAt < SWEEP_EVERY_MS) return;
    sweptAt = performance.now();
    // A part each round, so that it is no more than the others' work.
    if (await sweepReplays(pool, `processor@${hostname()}`)) sweptAt = Number.NEGATIVE_INFINITY;
  }

  async function round(): Promise<boolean> {
    const ids = await listActiveReplays(pool, MAX_ACTIVE);
    // One that fails holds up no other (A6).
    for (const id of ids)
      await step(id).catch((error: unknown) => log.error({ err: error, replay: id }, 'replay.failed'));
    return ids.length > 0;
  }

  async function step(id: string): Promise<void> {
    const stepped = await stepReplay(pool, id, nextStep);
    if (stepped === null) return;
    if (stepped.released > 0) onReleased();
    note(log, id, stepped);
  }

  return {
    name: 'replayer',
    round,
    async run(signal) {
      while (!signal.aborted) {
        const isActive = await round()
          .then(active => sweep().then(() => active))
          .catch((error: unknown) => {
            log.error({ err: error }, 'replay.failed');
            return false;
          });
        const waitMs = isActive ? STEP_EVERY_MS : LOOK_EVERY_MS;
        await delay(waitMs, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

/** One line for each change of its state. */
function note(log: ReplayerDeps['log'], replay: string, { step }: ReplayStepped): void {
  switch (step.kind) {
    case 'stop':
      log.warn({ replay, reason: step.reason }, 'replay.stopped');
      return;
    case 'run':
      log.info({ replay }, 'replay.trickle-arrived');
      return;
    case 'done':
      log.info({ replay }, 'replay.done');
      return;
    case 'release':
    case 'wait':
      return;
    default: {
      const never: never = step;
      return never;
    }
  }
}
