import { setTimeout as delay } from 'node:timers/promises';
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import type { InboxPeek } from '@ackline/store/inbox';
import type { LaneOffset } from '@ackline/store/lanes';
import { createLookBehind, type LookBehindOptions } from './inbox-behind.ts';
import { createInboxLook } from './inbox-look.ts';
import {
  createInboxRelease,
  type InboxRelease,
  type LanesNow,
  type ReleaseDecision,
} from './inbox-release.ts';
import type { StandingLane } from './lane-stillness.ts';
import type { Watermarks } from './watermarks.ts';

/** How soon an appended row is found while nothing comes: half of it is added to an event's way on average. */
const IDLE_WAIT_MS = 50;
/** Rows of one question, without their bytes: more than are stored in one call. */
const PEEK_ROWS = 2_000;
/** Rows a storing transaction takes: with bodies of a usual size it stays well under the statement limit. */
const STORE_ROWS = 500;
/** While no broker answers it is asked this seldom: each question can cost its whole deadline. */
const BROKER_AWAY_MS = 2_000;
/** Longer than a storer that hangs keeps its lane: the server ends its transaction after 5 s. */
const HELD_WARN_MS = 10_000;
const FIRST_BACKOFF_MS = 100;
/** After an outage of PostgreSQL the rows that it holds move on within this time. */
const MAX_BACKOFF_MS = 2_000;

export interface InboxConsumerOptions extends Pick<LookBehindOptions, 'peekPast'> {
  /** The first rows in the order of appending, at most `limit`. */
  peek(limit: number): Promise<readonly InboxPeek[]>;
  /** How many lanes there are: the topic's partitions, or one. */
  lanes(): number;
  /** null: no Kafka. */
  readonly watermarks: Pick<Watermarks, 'highWatermarks'> | null;
  readOffsets(): Promise<readonly LaneOffset[]>;
  /** What processors said before of lanes that stood still; asked once. */
  readonly readStanding: () => Promise<readonly StandingLane[]>;
  /** Stores those of the named rows that are free just now and fit together, in order, none before one of its key; tells how many. */
  storeInbox(ns: readonly string[]): Promise<number>;
  readonly log: Pick<Logger, 'warn' | 'info'>;
  /** Milliseconds, any origin. */
  readonly now?: () => number;
}

export interface InboxConsumerSnapshot {
  readonly stored: number;
  /** Rows that waited for their Kafka partition when last looked at. */
  readonly waiting: number;
  /** Of which some waited for a known record: for who comes behind this process. Offsets as text, since it is written down as JSON. */
  readonly standing: readonly (Omit<StandingLane, 'stored'> & { readonly stored: string })[];
  /** Rows that went without knowing what their Kafka partition held: `ackline_order_uncertain_total`. */
  readonly orderUncertain: number;
  /** Rows at the last look, of the 2,000 that one look takes; the age of the oldest of them now. */
  readonly rows: number;
  readonly oldestAgeMs: number;
  /** As `oldestAgeMs`, without lanes of which nothing was stored for minutes. */
  readonly movingAgeMs: number;
  /** The last round failed: PostgreSQL is away, or stores nothing. */
  readonly isFailing: boolean;
  /** How long the first row that may go has been left, since somebody else has its lane; 0: it is not. */
  readonly heldMs: number;
}

export interface InboxConsumer extends Component {
  snapshot(): InboxConsumerSnapshot;
}

/** Stores the inbox's rows in the order of appending, each after what its Kafka partition held (see inbox-release.ts). */
export function createInboxConsumer(options: InboxConsumerOptions): InboxConsumer {
  const { log, now = () => performance.now() } = options;
  const release = createInboxRelease();
  const decide = createDecision(options, release);
  const held = createHeldWatch(log, now);
  const look = createInboxLook(now, () => options.lanes());
  let isFailing = false;
  const counts = { stored: 0, waiting: 0, orderUncertain: 0 };
  const inherit = createInheriting(options, release);
  const standing = () =>
    counts.waiting === 0 ? [] : release.standing().map(lane => ({ ...lane, stored: String(lane.stored) }));

  /** The first rows that may go stayed, all of them, when they were asked for last: another storer has their lanes. */
  let isHeld = false;

  async function round(signal: AbortSignal): Promise<Round> {
    const rows = await options.peek(PEEK_ROWS);
    look.saw(rows);
    counts.waiting = 0;
    if (rows.length === 0) {
      held.asked(null);
      return { stored: 0, questions: 1 };
    }
    await inherit();
    const { questions, ...decision } = await decide(rows, isHeld);
    counts.waiting = decision.waiting;
    const { stored, ...parts } = await storeParts(decision, options, signal);
    isHeld = parts.isHeld;
    held.asked(decision.released[0]?.n ?? decision.large[0]?.n ?? null);
    counts.stored += stored;
    if (stored > 0) counts.orderUncertain += decision.uncertain;
    return { stored, questions };
  }

  return {
    name: 'inbox-consumer',
    snapshot: () => ({ ...counts, standing: standing(), ...look.state(), isFailing, heldMs: held.ms() }),
    async run(signal) {
      let backoffMs = FIRST_BACKOFF_MS;
      while (!signal.aborted) {
        let waitMs = IDLE_WAIT_MS;
        try {
          const { stored, questions } = await round(signal);
          if (isFailing) log.info('inbox.recovered');
          isFailing = false;
          backoffMs = FIRST_BACKOFF_MS;
          waitMs = stored > 0 ? 0 : questions * IDLE_WAIT_MS;
        } catch (error) {
          if (!isFailing) log.warn({ err: error }, 'inbox.read-failed');
          isFailing = true;
          waitMs = backoffMs;
          backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS);
        }
        await delay(waitMs, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

/** (IR2) Once. What is not known then is not waited for: the rest of this process's life counts all the same. */
function createInheriting(options: InboxConsumerOptions, release: InboxRelease) {
  let hasInherited = false;
  return async (): Promise<void> => {
    if (hasInherited) return;
    hasInherited = true;
    const standing = options.readStanding().catch((error: unknown) => {
      options.log.warn({ err: error }, 'inbox.standing-unknown');
      return [];
    });
    release.inherit(await standing);
  };
}

interface Round {
  /** Rows. */
  readonly stored: number;
  /** To PostgreSQL, for rows: a round of many is made as much less often. */
  readonly questions: number;
}

interface StoredParts {
  /** Rows. */
  readonly stored: number;
  /** Nothing of the first part was. */
  readonly isHeld: boolean;
}

/** Where some of a part stayed, all later rows of its keys do too: none overtakes an earlier one. */
async function storeParts(
  decision: ReleaseDecision,
  { storeInbox }: Pick<InboxConsumerOptions, 'storeInbox'>,
  signal: AbortSignal,
): Promise<StoredParts> {
  const left = new Set<number>();
  const parts = partsOf(decision);
  let stored = 0;
  let isHeld = false;
  for (const part of parts) {
    const asked = part.filter(row => !left.has(row.keyHash));
    if (signal.aborted || asked.length === 0) continue;
    const took = await storeInbox(asked.map(row => row.n));
    if (part === parts[0]) isHeld = took === 0;
    stored += took;
    if (took < asked.length) for (const row of asked) left.add(row.keyHash);
  }
  return { stored, isHeld };
}

/** What is stored in one call each, in order. */
function partsOf({ released, large }: ReleaseDecision): readonly (readonly InboxPeek[])[] {
  const parts: (readonly InboxPeek[])[] = [];
  for (let from = 0; from < released.length; from += STORE_ROWS) {
    parts.push(released.slice(from, from + STORE_ROWS));
  }
  return [...parts, large]; // (IR7)
}

/** Says once when the same row is the first that may go for long: whoever has its lane stores nothing. */
function createHeldWatch(log: InboxConsumerOptions['log'], now: () => number) {
  let first: { readonly n: string; readonly since: number; told: boolean } | null = null;
  const ms = () => (first === null ? 0 : now() - first.since);
  return {
    ms,
    /** The first row of the round that storing was asked for; null: none. One that was taken is not asked for again. */
    asked(n: string | null) {
      if (n === null || first?.n !== n) {
        if (first?.told === true) log.info('inbox.lane-free');
        first = n === null ? null : { n, since: now(), told: false };
      } else if (!first.told && ms() >= HELD_WARN_MS) {
        first.told = true;
        log.warn({ heldMs: ms() }, 'inbox.lane-held');
      }
    },
  };
}

/** Which of the rows may go now, and of those behind them. `isHeld`: another storer has the lanes of the first that may. */
function createDecision(
  options: InboxConsumerOptions,
  release: InboxRelease,
): (rows: readonly InboxPeek[], isHeld: boolean) => Promise<ReleaseDecision & Pick<Round, 'questions'>> {
  const { now = () => performance.now() } = options;
  const askBroker = createBrokerQuestion(options.watermarks, now);
  const lookBehind = createLookBehind({ ...options, limit: PEEK_ROWS, now });

  async function lanesNow(): Promise<LanesNow> {
    const watermarks = await askBroker();
    const offsets = options.watermarks === null ? [] : await options.readOffsets();
    const storedOffsets = new Map(
      offsets.flatMap(({ lane, nextOffset }) => (nextOffset === null ? [] : [[lane, nextOffset] as const])),
    );
    return { lanes: options.lanes(), watermarks, storedOffsets, nowMs: now() };
  }

  /** (A6) Where rows that may not go, or that another storer keeps, fill what was looked at, those behind them are looked at too. */
  return async (first, isHeld) => {
    const lanes = await lanesNow();
    const decision = release.decide(first, lanes);
    const last = first.at(-1);
    const isFull = first.length >= PEEK_ROWS && (isHeld || decision.released.length < STORE_ROWS);
    const behind = last === undefined || !isFull ? null : await lookBehind(last.n, release.waits(lanes));
    if (behind === null) return { ...decision, questions: 1 };
    // Asked again: what the partitions held before a row was seen says nothing of it.
    return { ...release.decide([...first, ...behind], await lanesNow()), questions: 2 };
  };
}

/** The high watermarks, or null where there is no Kafka, or none that answers. */
function createBrokerQuestion(
  watermarks: InboxConsumerOptions['watermarks'],
  now: () => number,
): () => Promise<ReadonlyMap<number, bigint> | null> {
  let awayUntil = Number.NEGATIVE_INFINITY;
  return async () => {
    if (watermarks === null || now() < awayUntil) return null;
    try {
      return await watermarks.highWatermarks();
    } catch {
      awayUntil = now() + BROKER_AWAY_MS;
      return null;
    }
  };
}
