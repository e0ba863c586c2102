/** What one look of the live stream brings to whom (LF of event-feed.ts). */
import type { Logger } from '@ackline/runtime/logger';
import type { FilterDocument } from '@ackline/shared/routing/filter-document';
import { readPayloads, type SealedPayload } from '@ackline/store/event-details';
import type { ListedEvent } from '@ackline/store/event-list';
import type { EventPlace } from '@ackline/store/event-places';
import type { Pool } from 'pg';
import { matches } from '../calls/event-search.ts';
import { chunksOf, documentOf } from '../calls/where.ts';
import type { FeedClient } from './feed-client.ts';
import { createFilterShares } from './filter-shares.ts';

/** What a `where` of a live stream sees; a larger body matches none. */
export const MAX_LIVE_BODY_BYTES = 1024 * 1024;

export interface SenderDeps {
  readonly reads: Pick<Pool, 'query'>;
  readonly log: Pick<Logger, 'warn'>;
}

interface Sender {
  /** A look begins, and has its own time for filters. */
  begin(): void;
  /**
   * Sends events in their order, to each client what it asks for and has not got. All of them are at `end` then, but for those with a
   * `where` that there was no time for (LF5).
   */
  send(events: readonly ListedEvent[], to: readonly FeedClient[], end: EventPlace): Promise<void>;
}

export function createSender({ reads, log }: SenderDeps, clients: ReadonlySet<FeedClient>): Sender {
  let shares = createFilterShares<FeedClient>(1);

  function offer(event: ListedEvent, client: FeedClient, document: FilterDocument | null): void {
    if (!clients.has(client) || !isBehind(client.at, event)) return;
    client.at = placeOf(event);
    if (!matches(event, client.search)) return;
    if (client.where !== null && (document === null || !client.where(document))) return;
    if (!client.send(event)) client.end(); // (LF3)
  }

  /** To those who have some of their share left. */
  async function filterOne(
    event: ListedEvent,
    to: readonly FeedClient[],
    payload: SealedPayload | undefined,
  ) {
    const behind = to.filter(client => isBehind(client.at, event) && !shares.isSpent(client));
    const asking = behind.filter(client => matches(event, client.search));
    const startedAt = performance.now();
    const document = payload === undefined || asking.length === 0 ? null : documentOf(payload);
    const bytes = payload?.body.length ?? 0;
    const read = { ms: performance.now() - startedAt, bytes };
    // Read once, for those who asked for it.
    for (const client of asking)
      shares.spend(client, { ms: read.ms / asking.length, bytes: read.bytes / asking.length });
    for (const client of behind) {
      const offeredAt = performance.now();
      offer(event, client, document);
      shares.spend(client, { ms: performance.now() - offeredAt, bytes: 0 });
    }
    await shares.letOthers();
  }

  async function filter(events: readonly ListedEvent[], to: readonly FeedClient[]): Promise<void> {
    for (const chunk of chunksOf(events.filter(event => to.some(({ at }) => isBehind(at, event))))) {
      const left = to.filter(client => !shares.isSpent(client));
      if (left.length === 0) return;
      const payloads = await readAsked(reads, chunk, left);
      for (const event of chunk) await filterOne(event, left, payloads.get(event.seq));
    }
  }

  return {
    begin() {
      shares = createFilterShares([...clients].filter(({ where }) => where !== null).length);
    },
    async send(events, to, end) {
      const plain = to.filter(({ where }) => where === null);
      for (const event of events) for (const client of plain) offer(event, client, null);
      arrive(plain, end);
      const filtering = to.filter(client => client.where !== null && !shares.isSpent(client));
      if (filtering.length === 0) return;
      try {
        await filter(events, filtering);
        arrive(
          filtering.filter(client => !shares.isSpent(client)),
          end,
        );
      } catch (error) {
        log.warn({ err: error, clients: filtering.length }, 'stream.not-filtered');
        for (const client of filtering) if (clients.has(client)) client.end();
      }
    },
  };
}

/** The bodies that a filter is to see. */
async function readAsked(
  reads: Pick<Pool, 'query'>,
  events: readonly ListedEvent[],
  to: readonly FeedClient[],
): Promise<ReadonlyMap<string, SealedPayload>> {
  const asked = events.filter(
    event =>
      event.bodyBytes <= MAX_LIVE_BODY_BYTES &&
      to.some(({ search, at }) => isBehind(at, event) && matches(event, search)),
  );
  return asked.length === 0 ? NONE : readPayloads(reads, asked);
}

function arrive(clients: readonly FeedClient[], end: EventPlace): void {
  for (const client of clients) if (isBehind(client.at, end)) client.at = placeOf(end);
}

const NONE: ReadonlyMap<string, SealedPayload> = new Map();

export const isBehind = (place: EventPlace, other: EventPlace) => BigInt(place.seq) < BigInt(other.seq);
const placeOf = ({ storedDay, seq }: EventPlace): EventPlace => ({ storedDay, seq });
