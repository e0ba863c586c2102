import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './api-types.ts';

/** What calls answer, by the names that the OpenAPI document gives it: `ConsoleSchemas['ListedEvent']`. */
export type ConsoleSchemas = components['schemas'];

/** A file and a stream are asked for in other ways than by this client. */
type Media = 'application/json' | 'application/problem+json';

/** The calls of the console, typed by its OpenAPI document. It works wherever there is `fetch`: in Node and in a browser. */
export type ConsoleClient = Client<paths, Media>;

export interface ConsoleClientOptions {
  /** Where the console is, without `/api/v1`: `http://127.0.0.1:8081`. In a page of the console itself: its origin. */
  readonly url: string;
  /** From `ackline tokens create`; not needed on loopback in development. */
  readonly token?: string;
  /** Another one than the global: with its own connections, or to watch calls. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

/**
 * A call resolves with `data`, or with `error` (a problem of RFC 9457, or the text of what is no console), and rejects where nobody
 * answered.
 */
export function createConsoleClient({ url, token, fetch }: ConsoleClientOptions): ConsoleClient {
  return createClient<paths, Media>({
    baseUrl: url,
    ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    ...(fetch === undefined ? {} : { fetch }),
  });
}
