/**
 * Keeps some of the requests that were refused after they had been read, with the nearest variant that would have been proven.
 *
 * RK1. Whoever answers waits for nothing of it, and nothing of it throws into an answer.
 * RK2. What a flood costs is bounded: so many requests a minute, so many bytes, and a small part of the time of this process. Each of
 *      these has room for a source that comes new, so that a flood at some hides none of another.
 * RK3. While memory or PostgreSQL are short nothing is kept: it is counted, and forgotten.
 * RK4. No value of a secret, a signature, a query or, unless its source allows it, of a body leaves it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import { createFairShare, type FairShare } from '@ackline/shared/fair-share';
import type { Provider, Secrets } from '@ackline/shared/provider';
import { diagnose, type Examined } from '@ackline/shared/signature-doctor/diagnose';
import type { Suspect } from '@ackline/shared/signature-doctor/diagnosis';
import type { KeptRejection } from '@ackline/store/rejections';
import type { Endpoint } from '../sources/source-table.ts';
import { createRejectionSample } from './rejection-sample.ts';
import { keptRejection, shownHeaders } from './kept-rejection.ts';
import type { Rejection } from './rejection.ts';

/** Nobody waits for a row: a person reads it seconds later at the soonest. */
const LOOK_EVERY_MS = 500;
/** Its bytes are of the memory of bodies, under this name, which no source can have. */
const OWNER = '(rejected requests)';
/** Of those that wait, shared by their sources. */
const MAX_WAITING_BYTES = 4 * 1_048_576;
/** The longest that there may be. */
const HEAD_BYTES = 16_384;
/** After a check of a signature it rests for so many times as long: a twentieth of this process at most, in pieces of a check. */
const REST_FACTOR = 19;
/** A shorter rest would be none. */
const WORK_BEFORE_REST_MS = 1;
/** PostgreSQL that has refused a row is left alone for so long. */
const PAUSE_MS = 5_000;

/** Their secrets may each be a file that has to be looked at. */
const MAX_OTHER_SOURCES = 50;

/** Why a request is not kept: the label of a metric. */
export const UNKEPT_REASONS = ['sampled', 'memory', 'postgres', 'failed'] as const;
export type UnkeptReason = (typeof UNKEPT_REASONS)[number];

export interface RejectionKeeper extends Component {
  /** Takes it, or counts why not. Waits for nothing, never throws (RK1). */
  offer(rejection: Rejection): void;
}

export interface RejectionKeeperDeps {
  readonly insert: (row: KeptRejection) => Promise<void>;
  /** PostgreSQL is not known to be good, or others wait for it. */
  readonly isPostgresShort: () => boolean;
  /** That of bodies, */
  readonly memory: Pick<FairShare, 'room' | 'take' | 'give'>;
  /** of which so much has to be free. */
  readonly spareBytes: number;
  readonly secretsOf: (source: Endpoint['source']) => Secrets;
  /** All that there are now. */
  readonly sources: () => readonly Endpoint['source'][];
  readonly providers: ReadonlyMap<string, Provider>;
  readonly counts: { kept(): void; unkept(reason: UnkeptReason): void };
  readonly log: Pick<Logger, 'debug' | 'error'>;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
  /** Ends early with the signal. */
  readonly rest?: Rest;
}

type Rest = (ms: number, signal: AbortSignal) => Promise<void>;

const restByTimer: Rest = (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined);

export function createRejectionKeeper(deps: RejectionKeeperDeps): RejectionKeeper {
  const { counts, memory, log, now = () => performance.now(), rest = restByTimer } = deps;
  const sample = createRejectionSample(now);
  const shown = shownHeaders(deps.providers.values());
  const waiting: Rejection[] = [];
  const waitingBytes = createFairShare(MAX_WAITING_BYTES);
  let pausedUntil = Number.NEGATIVE_INFINITY;

  const isPostgresShort = () => now() < pausedUntil || deps.isPostgresShort();

  function offer(rejection: Rejection): void {
    const { request, reason } = rejection;
    const source = rejection.endpoint.source.name;
    if (!sample.takes(source, reason)) return counts.unkept('sampled'); // (RK2)
    if (isPostgresShort()) return counts.unkept('postgres'); // (RK3)
    const bytes = bytesOf(rejection);
    if (memory.room(OWNER) < deps.spareBytes || !waitingBytes.tryTake(source, bytes))
      return counts.unkept('memory');
    memory.take(OWNER, bytes);
    // A copy: the memory that a body came in may be a small part of what is kept with it.
    waiting.push({ ...rejection, request: { ...request, body: Buffer.from(request.body) } });
  }

  async function keep(rejection: Rejection, signal: AbortSignal): Promise<void> {
    const secrets = deps.secretsOf(rejection.endpoint.source);
    const examined = await paced(diagnose(suspectOf(deps, rejection, secrets)), { now, rest, signal });
    if (examined === null) return;
    if (isPostgresShort()) return counts.unkept('postgres');
    try {
      await deps.insert(keptRejection(rejection, { examined, secrets: secrets.length, shown }));
      counts.kept();
    } catch (error) {
      pausedUntil = now() + PAUSE_MS;
      counts.unkept('postgres');
      log.debug({ err: error }, 'rejected.unkept');
    }
  }

  return {
    name: 'rejection-keeper',
    offer,
    async run(signal) {
      while (!signal.aborted) {
        const next = waiting.shift();
        if (next === undefined) {
          await rest(LOOK_EVERY_MS, signal);
          continue;
        }
        try {
          await keep(next, signal);
        } catch (error) {
          counts.unkept('failed');
          log.error({ err: error, requestId: next.requestId }, 'rejected.unexamined');
        } finally {
          waitingBytes.give(next.endpoint.source.name, bytesOf(next));
          memory.give(OWNER, bytesOf(next));
        }
      }
    },
  };
}

function bytesOf({ request }: Rejection): number {
  return request.body.byteLength + HEAD_BYTES;
}

function suspectOf(deps: RejectionKeeperDeps, rejection: Rejection, secrets: Secrets): Suspect {
  const { endpoint, request, at, reason, detail } = rejection;
  const { provider, source, publicUrl } = endpoint;
  const others = deps
    .sources()
    .filter(other => other.provider === source.provider && other.name !== source.name)
    .slice(0, MAX_OTHER_SOURCES)
    .map(other => ({ source: other.name, secrets: deps.secretsOf(other) }));
  const { name, path, aliases, toleranceMs } = source;
  return {
    request,
    provider,
    source: { name, path, aliases, publicUrl, toleranceMs },
    secrets,
    others,
    providers: deps.providers.values(),
    now: at,
    reason,
    detail,
  };
}

/** All steps, with a rest after each that took time (RK2). null: the signal came. */
async function paced(
  steps: Generator<void, Examined>,
  { now, rest, signal }: { readonly now: () => number; readonly rest: Rest; readonly signal: AbortSignal },
): Promise<Examined | null> {
  let workedMs = 0;
  for (;;) {
    const began = now();
    const step = steps.next();
    if (step.done === true) return step.value;
    workedMs += now() - began;
    if (workedMs < WORK_BEFORE_REST_MS) continue;
    await rest(workedMs * REST_FACTOR, signal);
    if (signal.aborted) return null;
    workedMs = 0;
  }
}
