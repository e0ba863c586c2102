import { lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { ClientDeps, Limit } from '../../src/clients/client-deps.ts';
import { createHttpClient, type HttpClient } from '../../src/http/http-client.ts';

const LIMITS = { connections: 100, keepAlive: 100 };

export interface ClientBench extends AsyncDisposable {
  readonly http: HttpClient;
  /** Points of limits, in the order in which they were taken. */
  readonly taken: readonly Limit[];
  deps(given: Pick<ClientDeps, 'secrets' | 'settings'>, signal?: AbortSignal): ClientDeps;
}

/** Real connections, and tries that follow at once; limits are noted and never used up. */
export function clientBench(lookup: LookupFunction = systemLookup): ClientBench {
  const http = createHttpClient({ limits: LIMITS, lookup, random: () => 0 });
  const taken: Limit[] = [];
  return {
    http,
    taken,
    deps: (given, signal = new AbortController().signal) => ({
      ...given,
      request: (url, call) => http.request(url, call, signal),
      take: async limit => void taken.push(limit),
    }),
    [Symbol.asyncDispose]: () => http.close(),
  };
}
