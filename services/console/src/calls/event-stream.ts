import type { Logger } from '@ackline/runtime/logger';
import { AppError } from '@ackline/shared/app-error';
import { readSeqMark } from '@ackline/store/event-feed';
import type { ListedEvent } from '@ackline/store/event-list';
import { type EventPlace, placeSince } from '@ackline/store/event-places';
import type { Response } from 'express';
import type { Pool } from 'pg';
import type { Access } from '../access/access.ts';
import { inBackground } from '../access/background.ts';
import type { ShowKey, ShowKeysTo } from '../access/shown-keys.ts';
import type { eventRoutes } from '../api/events.ts';
import type { EventFeed } from '../live/event-feed.ts';
import type { FeedClient } from '../live/feed-client.ts';
import { createStreamPlaces, type StreamPlace } from '../live/stream-places.ts';
import type { Call, CallsOf } from './call.ts';
import { eventCursor, readEventCursor } from './cursors.ts';
import { shownEvent } from './shown.ts';
import { readWhere } from './where.ts';
import { commonSearch } from './event-search.ts';

export interface EventStreamDeps {
  readonly reads: Pick<Pool, 'query'>;
  readonly feed: EventFeed;
  readonly access: Access;
  readonly showKeysTo: ShowKeysTo;
  readonly log: Pick<Logger, 'info'>;
  readonly heartbeatMs?: number;
}

/** Proxies cut connections that are silent for a minute. */
const HEARTBEAT_MS = 15_000;
/** A token that was revoked ends its streams within this time. */
const ASK_AGAIN_EVERY_MS = 60_000;
/** A client that lets so much lie does not read. */
const MAX_UNREAD_BYTES = 1024 * 1024;

type StreamCall = Call<typeof eventRoutes.streamEvents>;

export function createEventStream(deps: EventStreamDeps): CallsOf<typeof eventRoutes>['streamEvents'] {
  const { reads, showKeysTo } = deps;
  const places = createStreamPlaces();
  const textOf = createTexts();
  return async call => {
    const { query, caller, request } = call;
    const where = readWhere(query.where, caller);
    const search = { ...commonSearch(query, caller), storedSince: query.storedSince };
    // The header wins: a browser that connects again sends the same URL.
    const after = headerOf(request.headers['last-event-id']) ?? query.after;
    // Before anything is waited for: who comes meanwhile is counted.
    const place = places.take(caller);
    try {
      const at = after === undefined ? await beginning(reads, query) : readEventCursor(after);
      const write = textOf(await showKeysTo(caller, query));
      return { send: response => stream(response, { search, where, at, call, place, write }, deps) };
    } catch (error) {
      place.leave();
      throw error;
    }
  };
}

function beginning(
  reads: EventStreamDeps['reads'],
  { storedSince }: StreamCall['query'],
): Promise<EventPlace> {
  return storedSince === undefined ? readSeqMark(reads) : placeSince(reads, storedSince);
}

function headerOf(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

type TextOf = (event: ListedEvent) => string;

/** An event as it is sent, written once for all who see the same of it. */
function createTexts(): (showKey: ShowKey) => TextOf {
  const written = new WeakMap<ShowKey, WeakMap<ListedEvent, string>>();
  return showKey => {
    const texts = written.get(showKey) ?? new WeakMap<ListedEvent, string>();
    written.set(showKey, texts);
    return event => {
      const known = texts.get(event);
      if (known !== undefined) return known;
      const data = JSON.stringify(shownEvent(event, showKey));
      const text = `id: ${eventCursor(event)}\nevent: stored\ndata: ${data}\n\n`;
      texts.set(event, text);
      return text;
    };
  };
}

/** What is written in one go is sent in one piece: of many small ones each costs as much. */
function createWriter(response: Response) {
  let text = '';
  return {
    write(more: string): void {
      if (text === '') {
        process.nextTick(() => {
          response.write(text);
          text = '';
        });
      }
      text += more;
    },
    /** Bytes, about. */
    unread: () => response.writableLength + text.length,
  };
}

interface Followed extends Pick<FeedClient, 'search' | 'where' | 'at'> {
  readonly call: StreamCall;
  readonly write: TextOf;
  readonly place: StreamPlace;
}

const placeOf = ({ at }: Pick<FeedClient, 'at'>) => `id: ${eventCursor(at)}\n: heartbeat\n\n`;

/** Until the client goes, or is ended. */
function stream(
  response: Response,
  { call, place, write, ...followed }: Followed,
  deps: EventStreamDeps,
): void {
  // It went before it was listened to: `close` does not come again.
  if (response.destroyed) return place.leave();
  const { feed, access, log, heartbeatMs = HEARTBEAT_MS } = deps;
  const { caller, request } = call;
  // Not by Express, which adds a charset: browsers know that it is UTF-8.
  response.status(200).setHeader('content-type', 'text/event-stream').setHeader('x-accel-buffering', 'no');
  const writer = createWriter(response);
  const client: FeedClient = {
    ...followed,
    send(event) {
      writer.write(write(event));
      return writer.unread() <= MAX_UNREAD_BYTES;
    },
    live: isLive => writer.write(`event: live\ndata: ${JSON.stringify({ isLive })}\n\n`),
    end() {
      forget();
      // What it has not read by now it will not read.
      if (writer.unread() > MAX_UNREAD_BYTES) return response.destroy();
      writer.write(placeOf(client)); // where it goes on: what its filter left out need not be looked through again
      process.nextTick(() => response.end());
    },
  };
  /** Also moves the place of a client whose filter takes little: it has to look through less when it comes back. */
  const beat = () => {
    if (response.destroyed) forget();
    else writer.write(placeOf(client));
  };
  const heartbeat = setInterval(beat, heartbeatMs);
  const question = setInterval(() => {
    access(inBackground(request)).catch((error: unknown) => {
      if (error instanceof AppError) client.end();
    });
  }, ASK_AGAIN_EVERY_MS);
  const forget = () => {
    clearInterval(heartbeat);
    clearInterval(question);
    feed.remove(client);
    place.leave();
  };
  response.on('error', () => undefined); // it has gone while it was written to: `close` follows
  response.on('close', () => {
    forget();
    log.info({ caller: caller.name, clients: feed.size }, 'stream.closed');
  });
  beat();
  feed.add(client);
  if (place.given.aborted) client.end();
  else place.given.addEventListener('abort', () => client.end(), { once: true });
}
