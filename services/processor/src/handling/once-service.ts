/**
 * `ctx.once` of handlers, on PostgreSQL (packages/store/src/handler-once.ts, HO):
 *
 * OS1. A claim of a job that has ended, however, is left at once: the next try need not wait to learn that nobody is at it.
 * OS2. What a processor that is killed has claimed ends by its time, which is longer than any call of a handler.
 * OS3. For a claim that its job never heard of nothing was done: it is undone, so that the next try does it.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type {
  HandlerServices,
  OnceBegun,
  OnceOutcome,
  ServiceCaller,
} from '@ackline/handlers/thread/protocol';
import type { Logger } from '@ackline/runtime/logger';
import { open, type Sealed, seal } from '@ackline/shared/seal';
import {
  beginOnce,
  keepOnce,
  leaveOnce,
  type OnceClaim,
  type OnceState,
  undoOnce,
} from '@ackline/store/handler-once';
import type { Pool } from 'pg';

/** The longest time-out of a destination, and what its thread has to end. (OS2) */
const HOLD_MS = 130_000;

/** Where PostgreSQL does not answer: then the next try finds it uncertain, if it is there. */
const UNDO_WAITS_MS = [0, 1_000, 5_000, 15_000];

export type OnceResult = OnceBegun['kind'];

export interface OnceServiceDeps {
  readonly pool: Pick<Pool, 'query'>;
  /** Hears of each answer. */
  readonly onBegun: (destination: string, result: OnceResult) => void;
  readonly log: Pick<Logger, 'warn'>;
}

export function createOnceService(deps: OnceServiceDeps): Pick<HandlerServices, 'once.begin' | 'once.end'> {
  const { pool, log } = deps;
  /** Of jobs that run here, by destination and key: two of one process need not ask PostgreSQL. */
  const held = new Map<string, OnceClaim>();

  function leave(claim: OnceClaim): void {
    if (held.get(nameOf(claim)) !== claim) return;
    held.delete(nameOf(claim));
    leaveOnce(pool, [claim]).catch((error: unknown) =>
      log.warn({ err: error, destination: claim.destination }, 'once.not-left'),
    ); // (OS1); it ends by its time (OS2)
  }

  async function begin(
    { key, uncertain }: { readonly key: string; readonly uncertain: 'skip' | 'again' },
    { destination, delivery, signal }: ServiceCaller,
  ): Promise<OnceState & { readonly claim?: string }> {
    const claim: OnceClaim = { destination, key, claim: randomUUID() };
    if (held.has(nameOf(claim))) return { kind: 'busy' };
    held.set(nameOf(claim), claim);
    let state: OnceState | null = null;
    try {
      state = await beginOnce(pool, {
        ...claim,
        delivery,
        holdMs: HOLD_MS,
        mayRepeat: uncertain === 'again',
      });
    } finally {
      if (state?.kind !== 'claimed' || signal.aborted) held.delete(nameOf(claim));
      if (state === null) void undo(deps, claim, uncertain); // it may be there all the same
    }
    if (state.kind !== 'claimed') return state;
    if (signal.aborted) void undo(deps, claim, uncertain);
    else signal.addEventListener('abort', () => leave(claim), { once: true });
    return { ...state, claim: claim.claim };
  }

  return {
    async 'once.begin'(request, caller) {
      const { claim = '', ...state } = await begin(request, caller);
      const { destination, delivery, eventId } = caller;
      deps.onBegun(destination, state.kind);
      if (state.kind === 'uncertain') log.warn({ destination, delivery, eventId }, 'once.uncertain');
      if (state.kind === 'claimed') return { kind: 'claimed', claim };
      return state.kind === 'kept' ? { kind: 'kept', result: textOf(state.result) } : state;
    },
    async 'once.end'({ key, claim, outcome }, { destination }) {
      const ended: OnceClaim = { destination, key, claim };
      await end(pool, ended, outcome);
      if (held.get(nameOf(ended))?.claim === claim) held.delete(nameOf(ended));
      return {};
    },
  };
}

/** (OS3) It may have taken over what another began: that stays left. Never rejects. */
async function undo(
  { pool, log }: OnceServiceDeps,
  claim: OnceClaim,
  uncertain: 'skip' | 'again',
): Promise<void> {
  for (const waitMs of UNDO_WAITS_MS) {
    try {
      await delay(waitMs, undefined, { ref: false });
      return await (uncertain === 'again' ? leaveOnce(pool, [claim]) : undoOnce(pool, claim));
    } catch (error) {
      log.warn({ err: error, destination: claim.destination }, 'once.not-undone');
    }
  }
}

async function end(pool: OnceServiceDeps['pool'], claim: OnceClaim, outcome: OnceOutcome): Promise<void> {
  switch (outcome.kind) {
    case 'done':
      await keepOnce(pool, claim, outcome.result === null ? null : seal(Buffer.from(outcome.result)));
      return;
    case 'undone':
      return undoOnce(pool, claim);
    case 'maybe-done':
      return leaveOnce(pool, [claim]);
    default: {
      const never: never = outcome;
      return never;
    }
  }
}

function textOf(result: Sealed | null): string | null {
  return result === null ? null : Buffer.from(open(result)).toString('utf8');
}

/** A destination's name has no space. */
function nameOf({ destination, key }: OnceClaim): string {
  return `${destination} ${key}`;
}
