/**
 * The live stream of events: one look at PostgreSQL a tick, however many clients follow.
 *
 * LF1. A client gets every event that its filter takes, in the order of `seq`, from its place on; none is skipped, also not one
 *      that commits later than greater ones (EF1 of the store's event-feed.ts). After a reconnect some may come again.
 * LF2. What was just read is kept for a while: a client that is within it costs no look of its own. One that is further behind reads
 *      a page, one such client a tick, until it is there.
 * LF3. A client that does not read what it is sent is ended, and finds its place again by itself. It holds up nobody.
 * LF4. While PostgreSQL is away the clients stay, and are told.
 * LF5. Those with a `where` hold up nobody without one: these have a look's events before any body is read. Nor each other: the time and
 *      the bytes that a look has for filters are shared out to them, and who has used up its share goes on with the next look. Where
 *      bodies can't be read, those with a `where` alone are ended (LF3).
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import { isFinal, readRange, readSeqMark, type SeqMark } from '@ackline/store/event-feed';
import { type ListedEvent, listEventsAt } from '@ackline/store/event-list';
import type { EventPlace } from '@ackline/store/event-places';
import type { Pool } from 'pg';
import type { FeedClient } from './feed-client.ts';
import { createSender, isBehind } from './feed-sender.ts';

/** One who waits for a sample that was just sent does not notice it. */
const TICK_MS = 500;
/** After a look that failed. */
const RETRY_MS = 1_000;
/** Events of one look. */
const PAGE = 500;
/** Some seconds of a busy system, some hundred bytes each. */
const KEPT = 2_000;

export interface EventFeed extends Component {
  readonly size: number;
  add(client: FeedClient): void;
  remove(client: FeedClient): void;
  endAll(): void;
}

export interface EventFeedDeps {
  readonly reads: Pick<Pool, 'query'>;
  readonly log: Pick<Logger, 'warn' | 'info'>;
  readonly tickMs?: number;
}

export function createEventFeed(deps: EventFeedDeps): EventFeed {
  const { log, tickMs = TICK_MS } = deps;
  const clients = new Set<FeedClient>();
  let wake = Promise.withResolvers<void>();
  let isLive = true;
  const reader = createFeedReader(deps, clients);

  const endAll = () => {
    for (const client of clients) client.end();
    clients.clear();
  };
  const tell = (next: boolean, error?: unknown) => {
    if (next === isLive) return;
    isLive = next;
    if (next) log.info({ clients: clients.size }, 'stream.live');
    else log.warn({ err: error }, 'stream.not-live');
    for (const client of clients) client.live(next);
  };

  return {
    name: 'event-feed',
    get size() {
      return clients.size;
    },
    add(client) {
      clients.add(client);
      if (!isLive) client.live(false);
      wake.resolve();
    },
    remove: client => void clients.delete(client),
    endAll,
    async run(signal) {
      signal.addEventListener('abort', () => wake.resolve(), { once: true });
      while (!signal.aborted) {
        if (clients.size === 0) {
          reader.rest();
          wake = Promise.withResolvers();
          await wake.promise;
          continue;
        }
        await reader.look().then(
          () => tell(true),
          (error: unknown) => tell(false, error),
        );
        await delay(isLive ? tickMs : RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
      endAll();
    },
  };
}

/** What one look after the other brings to the clients. */
function createFeedReader({ reads, log }: EventFeedDeps, clients: ReadonlySet<FeedClient>) {
  const finality = createFinality();
  const sender = createSender({ reads, log }, clients);
  /** All up to it is final, and has been read. null: it is not known yet what is final. */
  let at: EventPlace | null = null;
  let kept: ListedEvent[] = [];
  /** Nothing behind it is missing in `kept`. */
  let keptFrom = 0n;
  /** Those that are behind what is kept and had their turn. */
  const served = new Set<FeedClient>();

  /** To who is within what is kept (LF2). */
  async function sendKept(here: EventPlace): Promise<void> {
    const within = [...clients].filter(
      client => BigInt(client.at.seq) >= keptFrom && isBehind(client.at, here),
    );
    if (within.length > 0) await sender.send(kept, within, here);
  }

  async function readNew(from: EventPlace, final: EventPlace): Promise<void> {
    for (let here = from; isBehind(here, final); at = here) {
      const current = here;
      const { events, end } = await readPage(reads, current, final);
      const to = [...clients].filter(client => !isBehind(client.at, current));
      await sender.send(events, to, end);
      here = end;
      kept.push(...events);
      const gone = kept.splice(0, Math.max(0, kept.length - KEPT)).at(-1);
      if (gone !== undefined) keptFrom = BigInt(gone.seq);
    }
  }

  /** A page for one of those that are further behind; the others of them that it serves too have it as well. */
  async function readBehind(here: EventPlace): Promise<void> {
    const behind = [...clients].filter(client => BigInt(client.at.seq) < keptFrom);
    const from = nextOf(behind, served)?.at;
    if (from === undefined) return;
    const { events, end } = await readPage(reads, from, here);
    const to = behind.filter(client => !isBehind(client.at, from));
    await sender.send(events, to, end);
  }

  return {
    async look(): Promise<void> {
      sender.begin();
      const final = finality.next(await readSeqMark(reads));
      if (at === null) {
        if (final === null) return;
        at = final;
        kept = [];
        keptFrom = BigInt(final.seq);
      }
      await sendKept(at);
      if (final !== null && isBehind(at, final)) await readNew(at, final);
      await readBehind(at);
    },
    /** Nobody follows: what is kept gets old. */
    rest(): void {
      at = null;
      kept = [];
      served.clear();
      finality.forget();
    },
  };
}

/** Each has its turn, and then all again. */
function nextOf(behind: readonly FeedClient[], served: Set<FeedClient>): FeedClient | undefined {
  if (behind.every(client => served.has(client))) served.clear();
  const next = behind.find(client => !served.has(client));
  if (next !== undefined) served.add(next);
  return next;
}

/** Up to where all is final, by one mark after the other. */
function createFinality() {
  let pending: SeqMark | null = null;
  return {
    /** null: no more than before. */
    next(mark: SeqMark): EventPlace | null {
      const was = pending;
      const isOver = was !== null && isFinal(was, mark);
      if (mark.storing.size === 0) {
        pending = null;
        return mark;
      }
      if (was === null || isOver) pending = mark;
      return isOver ? was : null;
    },
    forget(): void {
      pending = null;
    },
  };
}

async function readPage(reads: Pick<Pool, 'query'>, after: EventPlace, until: EventPlace) {
  const range = { after: after.seq, until: until.seq, limit: PAGE };
  const places = await readRange(reads, range);
  const last = places.at(-1);
  const end = places.length < PAGE || last === undefined ? until : last;
  return { events: await listEventsAt(reads, places), end };
}
