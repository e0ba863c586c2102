/**
 * Outbound HTTP of one thread:
 *
 * OH1. So many calls are under way at a time, in all and to one origin; the others wait for their turn.
 * OH2. A call ends within its time, waits and other tries included, and at once when its job is aborted.
 * OH3. What may not be done twice is sent again only where it was not sent, or where the server said that it has not done it.
 * OH4. An answer is held up to a bound; redirects are not followed.
 * OH5. Where a URL came from outside, the very address that is connected to is one of the internet, whatever its name said before:
 *      such calls have connections of their own, and none of these is kept.
 */
import type { LookupFunction } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { retryAfterMs } from '@ackline/shared/retry-after';
import { Agent } from 'undici';
import type { ThreadFigures } from '../thread/figures.ts';
import type { HttpLimits } from '../thread/protocol.ts';
import { type CallRoom, createCallRoom } from './call-room.ts';
import { type CallPlan, type ClientCall, planCall, toAnswer, toError } from './call-plan.ts';
import { type CallTally, createCallTally } from './call-tally.ts';
import { exchange, type Exchanged, type ReadAnswer } from './exchange.ts';
import { createOpenConnections, type OpenConnections } from './open-connections.ts';
import type { OutboundAnswer } from './outbound-http.ts';
import { onlyPublic } from '@ackline/runtime/public-addresses';
import { nextTryMs } from './retry-rules.ts';

const CONNECTIONS_PER_HOST = 30;
const KEEP_ALIVE_MS = 30_000;
const CONNECT_LIMIT_MS = 5_000;

export interface HttpClient {
  request(url: string | URL, call: ClientCall, signal: AbortSignal): Promise<OutboundAnswer>;
  figures(): ThreadFigures['http'];
  close(): Promise<void>;
}

export interface HttpClientOptions {
  readonly limits: HttpLimits;
  readonly lookup: LookupFunction;
  /** [0, 1). */
  readonly random?: () => number;
}

interface Deps {
  readonly agent: Agent;
  /** (OH5) */
  readonly publicAgent: Agent;
  readonly room: CallRoom;
  readonly open: OpenConnections;
  readonly tally: CallTally;
  readonly random: () => number;
}

export function createHttpClient({ limits, lookup, random = Math.random }: HttpClientOptions): HttpClient {
  const perOrigin = Math.min(CONNECTIONS_PER_HOST, limits.connections);
  const room = createCallRoom({ total: limits.connections, perOrigin }); // (OH1)
  const tally = createCallTally();
  const createAgent = (lookupOfIt: LookupFunction) =>
    new Agent({
      connections: perOrigin,
      pipelining: 1,
      // A call that is cut takes its connection along; over HTTP/2 it would be that of others too.
      allowH2: false,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connect: { timeout: CONNECT_LIMIT_MS, lookup: lookupOfIt },
      // The call's own signal bounds the whole of it (OH2).
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  const agent = createAgent(lookup);
  const publicAgent = createAgent(onlyPublic(lookup)); // (OH5)
  const open = createOpenConnections(agent, limits.keepAlive);
  const deps: Deps = { agent, publicAgent, room, open, tally, random };
  return {
    request: async (url, call, signal) => bounded(planCall(url, call), signal, deps),
    figures: () => ({
      active: [...room.active.values()].reduce((sum, count) => sum + count, 0),
      limit: limits.connections,
      origins: [...room.active].map(([origin, active]) => ({ origin, active, limit: perOrigin })),
      ...tally.figures(),
    }),
    async close() {
      await Promise.all([agent.destroy(), publicAgent.destroy()]);
    },
  };
}

/** Within the call's time (OH2). */
async function bounded(plan: CallPlan, signal: AbortSignal, deps: Deps): Promise<OutboundAnswer> {
  const limit = new AbortController();
  const onAbort = () => limit.abort(signal.reason);
  const timer = setTimeout(() => limit.abort(new DOMException('too long', 'TimeoutError')), plan.timeoutMs);
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await untilAnswered(plan, limit.signal, deps);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

async function untilAnswered(plan: CallPlan, signal: AbortSignal, deps: Deps): Promise<OutboundAnswer> {
  const endsAt = performance.now() + plan.timeoutMs;
  for (let tries = 1; ; tries++) {
    await plan.before?.(signal);
    const exchanged = await tryOnce(plan, signal, deps);
    const retryAfter = exchanged.kind === 'answer' ? askedWait(plan, exchanged.answer) : null;
    const waitMs = nextTryMs(exchanged, {
      tries,
      idempotent: plan.idempotent, // (OH3)
      remainingMs: endsAt - performance.now(),
      retryAfterMs: retryAfter,
      random: deps.random(),
    });
    if (waitMs === null) return conclude(plan, exchanged, retryAfter);
    // An abort is seen by the next try.
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
  }
}

function askedWait(plan: CallPlan, answer: ReadAnswer): number | null {
  return plan.retryAfterOf?.(answer) ?? retryAfterMs(answer.headers['retry-after'], Date.now());
}

async function tryOnce(plan: CallPlan, signal: AbortSignal, deps: Deps): Promise<Exchanged> {
  const { room, open, tally, agent, publicAgent } = deps;
  const { origin } = plan;
  const askedMs = performance.now();
  const hadRoom = room.hasRoom(origin);
  const isIn = await room.enter(origin, signal);
  if (!hadRoom) tally.waited(performance.now() - askedMs);
  if (!isIn) return { kind: 'failed', code: abortCode(signal), wasSent: false };
  const startedMs = performance.now();
  try {
    const reset = plan.onlyPublic || !open.mayKeep(origin, room.active);
    const exchanged = await exchange(plan.onlyPublic ? publicAgent : agent, { ...plan, reset }, signal);
    tally.count(origin, exchanged, performance.now() - startedMs);
    return exchanged;
  } finally {
    room.leave(origin);
  }
}

function abortCode({ reason }: AbortSignal): string {
  return reason instanceof Error && reason.name === 'TimeoutError' ? 'TIMEOUT' : 'ABORTED';
}

function conclude(plan: CallPlan, exchanged: Exchanged, retryAfter: number | null): OutboundAnswer {
  if (exchanged.kind === 'failed') throw toError(plan, exchanged, null);
  const { status } = exchanged.answer;
  if (plan.accepts(status)) return toAnswer(plan, exchanged.answer);
  const saysWhen = status === 429 || status === 503;
  throw toError(plan, exchanged, saysWhen ? retryAfter : null);
}
