/**
 * Who makes days and removes what was kept for long enough: one processor at a time, the one that has the lock. It keeps that with its
 * connection from round to round. When that ends, with its process or since that stands still, another processor takes the lock within
 * minutes. What is known of days, and of what they left (how far that has come, how long it waits for a lock), lives as long as
 * the process, since terms may be short; what is known of keys, as long as a term.
 *
 * So it does where its holder gives the lock up, since it lacks what it would have to know: those that do not have it ask each minute,
 * so that one of them comes before this one asks again. A holder whose ackline.yaml is refused may go by an older one, with shorter
 * times: it removes nothing, only makes days, in case that it is so with all of them. Nor does one whose clock and PostgreSQL's differ: which
 * of them is wrong nobody knows, and by one that is ahead all history and all dedup keys would be over.
 *
 * The parts beside it say when, how much at once, and how patiently. What is safe to remove, and how, is the store's:
 * `day-partitions.ts`, `retention.ts` (T), `kept-sweep.ts`, `event-keys.ts`, `handler-once.ts` (HO) and `cache-clears.ts`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import { createKeptLock } from '@ackline/store/advisory-lock';
import { sweepCacheClears } from '@ackline/store/cache-clears';
import { CLOCKS_APART_MS, clockAheadMs } from '@ackline/store/clock';
import { sweepSessions } from '@ackline/store/console-sessions';
import { sweepRejections } from '@ackline/store/rejections';
import type { Pool, PoolClient } from 'pg';
import { createDayMaking } from './day-making.ts';
import { createDaySweep, type DaySweep, type StuckDay } from './day-sweep.ts';
import { createKeptSweep, type KeptSweep } from './kept-sweep.ts';
import { createKeySweep, type KeySweep, type KeySweepDeps } from './key-sweep.ts';
import { createOnceSweep } from './once-sweep.ts';
import { createTotalsSweep } from './totals-sweep.ts';

/** What failed is tried again so much later; so is the lock, by those that do not have it. */
const ROUND_EVERY_MS = 60_000;
/** Any number that nothing else in the database uses for an advisory lock. */
const RETENTION_LOCK = 4_207_151_894;

export interface RetentionDeps extends KeySweepDeps {
  /** Its own, of one connection with a long limit, which the server ends where it is idle for longer than some rounds. */
  readonly pool: Pool;
  /** Whether ackline.yaml was refused when it was read last, so that what is in force is not what it says. */
  readonly isRefused: () => boolean;
  /** Names, as ackline.yaml has them now. */
  readonly destinations: () => readonly string[];
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** This machine's clock, epoch milliseconds; default: `Date.now`. */
  readonly wallNow?: () => number;
}

/** What keeps a processor from removing all that is over. */
type Lack = 'clocks-differ' | 'config-refused' | 'topic-unknown';

export interface Retention extends Component {
  /** A day that this processor could not drop when it tried last; null: there is none, or another processor does it. */
  readonly stuck: StuckDay | null;
  /** What this processor could not remove now, whether it is the one that does it or not. */
  readonly unable: { readonly days: boolean; readonly keys: boolean };
  /** Whether this processor is the one that does it. */
  round(signal: AbortSignal): Promise<boolean>;
  /** Ends what is under way, so that another processor can go on. */
  letGo(): void;
}

interface Term {
  readonly client: PoolClient;
  readonly keys: KeySweep;
  readonly parts: readonly Part[];
  /** Of PostgreSQL's clock, when it was asked last. */
  aheadMs: number;
}

interface Part {
  /** What is over: by-file as ackline.yaml says, not by one that was refused. All of it by PostgreSQL's clock, not by one that is in doubt. */
  readonly removes: 'nothing' | 'by-file' | 'by-age';
  readonly run: (signal: AbortSignal) => Promise<void>;
}

interface Lasting {
  readonly days: DaySweep;
  readonly kept: KeptSweep;
}

function beginTerm(deps: RetentionDeps, { days, kept }: Lasting, client: PoolClient): Term {
  const making = createDayMaking(deps);
  const keys = createKeySweep(deps);
  const once = createOnceSweep(deps);
  const totals = createTotalsSweep(deps);
  const parts: Term['parts'] = [
    { removes: 'nothing', run: () => making.make(client) },
    { removes: 'by-file', run: signal => days.sweep(client, signal) },
    { removes: 'by-file', run: signal => kept.sweep(client, signal) },
    { removes: 'by-file', run: signal => keys.sweep(client, signal) },
    { removes: 'by-file', run: signal => once.sweep(client, signal) },
    { removes: 'by-file', run: () => sweepClears(deps, client) },
    { removes: 'by-age', run: () => removeRejections(client, deps) },
    { removes: 'by-age', run: () => removeSessions(client, deps) },
    { removes: 'by-age', run: signal => totals.sweep(client, signal) },
  ];
  return { client, keys, parts, aheadMs: 0 };
}

async function sweepClears({ destinations, log }: RetentionDeps, client: PoolClient): Promise<void> {
  const removed = await sweepCacheClears(client, destinations());
  if (removed > 0) log.info({ removed }, 'retention.clears-removed');
}

async function removeRejections(client: PoolClient, { log }: RetentionDeps): Promise<void> {
  const removed = await sweepRejections(client);
  if (removed > 0) log.info({ removed }, 'retention.rejected-removed');
}

async function removeSessions(client: PoolClient, { log }: RetentionDeps): Promise<void> {
  const removed = await sweepSessions(client);
  if (removed > 0) log.info({ removed }, 'retention.sessions-removed');
}

const isApart = (aheadMs: number) => Math.abs(aheadMs) > CLOCKS_APART_MS;

async function runPart(deps: RetentionDeps, term: Term, { part, signal }: PartRun): Promise<void> {
  if (part.removes !== 'nothing') {
    term.aheadMs = await clockAheadMs(term.client, deps.wallNow); // each time: a round may take minutes
    if (isApart(term.aheadMs)) return;
  }
  if (part.removes === 'by-file' && deps.isRefused()) return;
  await part.run(signal);
}

interface PartRun {
  readonly part: Part;
  readonly signal: AbortSignal;
}

async function runParts(deps: RetentionDeps, term: Term, signal: AbortSignal): Promise<void> {
  for (const part of term.parts) {
    if (signal.aborted) break;
    // One that fails holds up no other.
    await runPart(deps, term, { part, signal }).catch((error: unknown) => {
      if (!signal.aborted) deps.log.error({ err: error }, 'retention.failed');
    });
  }
}

function lackOf({ isRefused }: RetentionDeps, { keys, aheadMs }: Term): Lack | null {
  if (isApart(aheadMs)) return 'clocks-differ';
  if (isRefused()) return 'config-refused';
  return keys.isBlind ? 'topic-unknown' : null;
}

/** Nothing waits for it, and nothing is lost where it is late. */
export function createRetention(deps: RetentionDeps): Retention {
  const lock = createKeptLock(deps.pool, RETENTION_LOCK);
  const lasting: Lasting = { days: createDaySweep(deps), kept: createKeptSweep(deps) };
  let term: Term | null = null;
  /** What this processor gave the lock up for; null: since then it has kept it, or another one has. */
  let said: Lack | null = null;

  /** Whether this processor keeps the lock. */
  function keeps(mine: Term): boolean {
    const lack = lackOf(deps, mine);
    if (lack !== null && lack !== said)
      deps.log.warn({ reason: lack, databaseAheadMs: mine.aheadMs }, 'retention.given-up');
    said = lack;
    return lack === null;
  }

  async function workOnce(signal: AbortSignal): Promise<boolean> {
    const client = await lock.hold();
    if (client === null) term = null;
    else if (term?.client !== client) term = beginTerm(deps, lasting, client);
    if (term === null) {
      said = null;
      return false;
    }
    await runParts(deps, term, signal);
    if (keeps(term)) return true;
    term = null;
    lock.letGo();
    return false;
  }

  /** A statement of this connection may last longer than a drain. PostgreSQL ends it at its limit; what it did not do is done later. */
  async function round(signal: AbortSignal): Promise<boolean> {
    const letGo = () => lock.letGo();
    signal.addEventListener('abort', letGo, { once: true });
    try {
      return await workOnce(signal);
    } finally {
      signal.removeEventListener('abort', letGo);
      if (signal.aborted) letGo();
    }
  }

  return {
    name: 'retention',
    get stuck() {
      // Who has given the lock up asks again: until then it may be that no other one has taken it.
      const mayHaveIt = term !== null || said !== null;
      return mayHaveIt ? lasting.days.stuck : null;
    },
    get unable() {
      const isNone = said === 'clocks-differ' || deps.isRefused();
      return { days: isNone, keys: isNone || deps.topicRetentionMs?.() === null };
    },
    round,
    letGo: () => lock.letGo(),
    async run(signal) {
      await runRounds(round, deps, signal);
      lock.letGo();
    },
  };
}

async function runRounds(
  round: Retention['round'],
  { log }: RetentionDeps,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await delay(ROUND_EVERY_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    await round(signal).catch((error: unknown) => {
      if (!signal.aborted) log.error({ err: error }, 'retention.failed');
    });
  }
}
