import type { ConsoleSchemas } from '@ackline/console-client/client';
import { AppError } from '@ackline/shared/app-error';
import type { Away } from '../remote/away.ts';
import { type ConsoleConnection, whyAway } from '../remote/console-connection.ts';
import { isPassing, refusal } from '../remote/console-error.ts';

export type PulledPage = ConsoleSchemas['PulledEvents'];

export interface PullQuery {
  readonly source?: string[];
  readonly type?: string;
  readonly tenant?: string;
  readonly where?: string;
  readonly storedSince?: string;
  readonly after?: string;
}

export interface Puller {
  readonly connection: ConsoleConnection;
  readonly away: Away;
  readonly stop: AbortSignal;
}

/** The next events; waits for as long as the console is away. null: it was stopped. Rejects where the call itself is refused. */
export async function pullPage(
  { connection, away, stop }: Puller,
  query: PullQuery,
): Promise<PulledPage | null> {
  while (!stop.aborted) {
    const page = await tryOnce(connection, query);
    if ('items' in page) {
      away.back();
      return page;
    }
    if (!stop.aborted) await away.wait(page.why);
  }
  return null;
}

async function tryOnce(
  connection: ConsoleConnection,
  query: PullQuery,
): Promise<PulledPage | { why: string }> {
  try {
    const { data, error, response } = await connection.client.GET('/api/v1/events/payloads', {
      params: { query },
    });
    // The client's types make a list of a pair.
    if (data !== undefined) return data as PulledPage;
    const refused = refusal(error, response.status);
    if (!isPassing(refused, response.status)) throw refused;
    return { why: refused.message };
  } catch (error) {
    if (error instanceof AppError) throw error;
    return { why: whyAway(error) };
  }
}
