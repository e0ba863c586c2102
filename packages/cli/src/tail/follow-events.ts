import type { ConsoleSchemas } from '@ackline/console-client/client';
import { AppError } from '@ackline/shared/app-error';
import type { Away } from '../remote/away.ts';
import { type ConsoleConnection, whyAway } from '../remote/console-connection.ts';
import { isPassing, refusal } from '../remote/console-error.ts';
import { serverSentEvents } from '../remote/server-sent-events.ts';

export type StreamedEvent = ConsoleSchemas['ListedEvent'];

export interface Followed {
  readonly connection: ConsoleConnection;
  /** Filters, and `storedSince`. */
  readonly query: Readonly<Record<string, string>>;
  readonly away: Away;
  /** PostgreSQL is away from the console, or back. */
  readonly onLive: (isLive: boolean) => void;
  readonly stop: AbortSignal;
}

const PATH = '/api/v1/events/stream';

/** Events as they are stored, until `stop`: a stream that is cut off goes on at the last id. Rejects where the call itself is refused. */
export async function* followEvents(followed: Followed): AsyncGenerator<StreamedEvent> {
  const { away, stop, onLive } = followed;
  let after: string | null = null;
  while (!stop.aborted) {
    let why = 'it ended the stream';
    try {
      for await (const message of open(followed, after)) {
        away.back();
        after = message.id ?? after;
        if (message.event === 'stored') yield JSON.parse(message.data) as StreamedEvent;
        if (message.event === 'live') onLive((JSON.parse(message.data) as { isLive: boolean }).isLive);
      }
    } catch (error) {
      if (error instanceof AppError && !error.retryable) throw error;
      why = whyAway(error);
    }
    if (!stop.aborted) await away.wait(why);
  }
}

async function* open({ connection, query, stop }: Followed, after: string | null) {
  const search = new URLSearchParams({ ...query, ...(after === null ? {} : { after }) });
  const { statusCode, body } = await connection.openStream(PATH, search, stop);
  if (statusCode === 200) yield* serverSentEvents(body);
  else {
    const text = await body.text();
    const error = refusal(parsed(text), statusCode);
    throw isPassing(error, statusCode) ? new Error(error.message) : error;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
