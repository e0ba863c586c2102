import { once } from 'node:events';
import { createServer } from 'node:https';
import { lookup } from 'node:dns';
import type { AddressInfo, LookupFunction } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { createHttpClient } from '@ackline/handlers/http/http-client';
import { CERTIFICATE, KEY } from '@ackline/testkit/certificate';
import { startTcpProxy } from '@ackline/testkit/tcp-proxy';
import { Client } from 'undici';

/** Each way between a handler and the API: what is 20 ms there and back. */
const ONE_WAY_MS = 10;
/** In place of TCP's handshake, which a proxy does not delay: a round trip before each new connection. */
const slowLookup: LookupFunction = (host, options, told) => {
  setTimeout(() => lookup(host, options, told), 2 * ONE_WAY_MS);
};
/** What the API itself takes. */
const WORK_MS = 20;
const ANSWER = JSON.stringify([{ id: 1, name: 'Repairs' }]);
const CALL = { method: 'GET', headers: {}, timeoutMs: 10_000 } as const;

export interface ApiCalls {
  /** Milliseconds a call, the average of each round. */
  readonly pooled: readonly number[];
  readonly unpooled: readonly number[];
}

export interface ApiRounds {
  readonly rounds: number;
  readonly calls: number;
}

/** Calls of an API over TLS and a link with a delay: by the handlers' client, and by a client for each call, in turn. */
export async function measureApiCalls({ rounds, calls }: ApiRounds): Promise<ApiCalls> {
  await using stack = new AsyncDisposableStack();
  const trusted = getCACertificates('default');
  setDefaultCACertificates([...trusted, CERTIFICATE]);
  stack.defer(() => setDefaultCACertificates(trusted));
  const server = createServer({ cert: CERTIFICATE, key: KEY }, (_request, response) => {
    setTimeout(() => response.setHeader('content-type', 'application/json').end(ANSWER), WORK_MS);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stack.defer(() => server.close().closeAllConnections());
  const link = await startTcpProxy({ port: (server.address() as AddressInfo).port });
  stack.defer(() => link.close());
  link.slow(ONE_WAY_MS);
  const url = new URL(`https://localhost:${link.port}/categories`);
  const client = createHttpClient({ limits: { connections: 50, keepAlive: 20 }, lookup: slowLookup });
  stack.defer(() => client.close());
  const never = new AbortController().signal;
  const figures = { pooled: [] as number[], unpooled: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    figures.pooled.push(
      await averageMs(calls, async () => void (await client.request(url, CALL, never)).json()),
    );
    figures.unpooled.push(await averageMs(calls, () => callAlone(url)));
  }
  return figures;
}

async function averageMs(calls: number, call: () => Promise<void>): Promise<number> {
  const from = performance.now();
  for (let done = 0; done < calls; done += 1) await call();
  return (performance.now() - from) / calls;
}

/** As the bot did before: a client for one call. */
async function callAlone(url: URL): Promise<void> {
  const client = new Client(url.origin, { connect: { lookup: slowLookup } });
  try {
    const { body } = await client.request({ path: url.pathname, method: 'GET' });
    await body.json();
  } finally {
    await client.close();
  }
}
