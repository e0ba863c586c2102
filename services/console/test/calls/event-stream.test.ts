import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import express from 'express';
import type { IncomingMessage } from 'node:http';
import type { Pool } from 'pg';
import type { Access } from '../../src/access/access.ts';
import { SCOPES } from '../../src/api/route.ts';
import { createShowKeys } from '../../src/access/shown-keys.ts';
import { createEventStream } from '../../src/calls/event-stream.ts';
import { createEventFeed } from '../../src/live/event-feed.ts';
import { MAX_CLIENTS, MAX_OF_CALLER } from '../../src/live/stream-places.ts';

const LOG = { info: () => undefined, warn: () => undefined };
const PLACE = '2026-11-30.1';

const callerOf = (name: string) => ({
  name,
  scopes: new Set(SCOPES),
  tenant: name,
  by: 'token' as const,
});

function parts(query: () => Promise<never>, access: Access = () => Promise.resolve(callerOf('me'))) {
  const reads = { query } as unknown as Pick<Pool, 'query'>;
  const feed = createEventFeed({ reads, log: LOG });
  const stream = createEventStream({
    reads,
    feed,
    access,
    showKeysTo: createShowKeys(reads),
    log: LOG,
  });
  const open = (name: string, after?: string, request = { headers: {} } as IncomingMessage) =>
    stream({ caller: callerOf(name), params: {}, query: { after }, body: null, request });
  return { feed, open };
}

describe('places in the live stream', () => {
  it('are taken by who comes while others wait for PostgreSQL, and given back where it does not answer', async () => {
    const waiting = Promise.withResolvers<never>();
    const { open } = parts(() => waiting.promise);
    const opened = Array.from({ length: MAX_CLIENTS + 3 }, (_, n) =>
      open(`caller-${n}`).then(
        () => 'open',
        (error: Error) => error.message,
      ),
    );
    waiting.reject(new Error('away'));
    const answers = await Promise.all(opened);
    assert.equal(answers.filter(answer => answer === 'away').length, MAX_CLIENTS);
    assert.equal(answers.filter(answer => answer.startsWith(`${MAX_CLIENTS} live streams`)).length, 3);
    await open('caller', PLACE);
  });

  it('are not kept by who went before the stream began', async () => {
    const { feed, open } = parts(() => Promise.reject(new Error('not asked')));
    let done = Promise.withResolvers<void>();
    const server = express()
      .get('/', async (request, response) => {
        const answer = await open('one', PLACE, request);
        response.destroy();
        await once(response, 'close');
        if ('send' in answer) await answer.send(response);
        done.resolve();
      })
      .listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    for (let n = 0; n <= MAX_OF_CALLER; n++) {
      done = Promise.withResolvers();
      await assert.rejects(fetch(`http://127.0.0.1:${port}/`));
      await done.promise;
    }
    assert.equal(feed.size, 0);
    server.close();
  });
});

describe('a live stream that lies open', () => {
  it('asks each minute whether its caller is still known, and is no use of their session', async t => {
    const asked: Parameters<Access>[0][] = [];
    const { open } = parts(
      () => Promise.reject(new Error('not asked')),
      request => {
        asked.push(request);
        return Promise.resolve(callerOf('me'));
      },
    );
    t.mock.timers.enable({ apis: ['setInterval'] });
    const server = express()
      .get('/', async (request, response) => {
        const answer = await open('one', PLACE, request);
        if ('send' in answer) await answer.send(response);
      })
      .listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const stop = new AbortController();
    t.after(async () => {
      stop.abort();
      server.close();
      await once(server, 'close');
    });
    await fetch(`http://127.0.0.1:${port}/`, { headers: { cookie: 'a=b' }, signal: stop.signal });
    t.mock.timers.tick(60_000);
    assert.deepEqual(
      asked.map(({ headers }) => [headers.cookie, headers['x-ackline-background']]),
      [['a=b', '1']],
    );
  });
});
