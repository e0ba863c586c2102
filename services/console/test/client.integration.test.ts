import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type ConsoleSchemas, createConsoleClient } from '@ackline/console-client/client';
import { createToken } from '@ackline/store/console-tokens';
import type { Pool } from 'pg';
import { type ConsoleBed, openConsoleBed, type StartedConsole } from './support/console.ts';
import { storeEvent } from './support/rows.ts';

describe('the client that is generated from the OpenAPI document', () => {
  let bed: ConsoleBed;
  let pool: Pool;
  let ackline: StartedConsole;
  before(async () => {
    bed = await openConsoleBed();
    ({ pool, console: ackline } = bed);
  });
  after(() => bed[Symbol.asyncDispose]());

  it('lists page by page and reads an event with its payload', async () => {
    const client = createConsoleClient({ url: ackline.url });
    const ids = [(await storeEvent(pool)).id, (await storeEvent(pool)).id];
    const listed: ConsoleSchemas['ListedEvent'][] = [];
    let cursor: string | null = null;
    do {
      const query: { limit: number; cursor?: string } = { limit: 1, ...(cursor === null ? {} : { cursor }) };
      const { data } = await client.GET('/api/v1/events', { params: { query } });
      assert.ok(data !== undefined);
      listed.push(...data.items);
      cursor = data.next;
    } while (cursor !== null);
    assert.deepEqual(
      listed.map(({ id }) => id),
      ids.toReversed(),
    );
    const path = { id: ids[0] ?? '' };
    const { data: event } = await client.GET('/api/v1/events/{id}', { params: { path } });
    assert.ok(event?.timeline.some(({ what }) => what === 'received'));
    const { data: payload } = await client.GET('/api/v1/events/{id}/payload', { params: { path } });
    assert.deepEqual(payload?.headers[1], ['X-Twice', '1']);
    assert.equal(Buffer.from(payload.bodyBase64, 'base64').toString(), '{"text":"hello","amount":5}');
  });

  it('acts by a call with a body and a name in its path', async () => {
    const client = createConsoleClient({ url: `${ackline.url}/` });
    const params = { path: { name: 'crm' } };
    const { data } = await client.POST('/api/v1/destinations/{name}/pause', {
      params,
      body: { reason: 'they move house' },
    });
    assert.equal(data?.name, 'crm');
    const { data: destinations } = await client.GET('/api/v1/destinations');
    const paused = destinations?.items.find(({ name }) => name === 'crm')?.paused;
    assert.equal(paused?.reason, 'they move house');
    await client.POST('/api/v1/destinations/{name}/resume', { params });
  });

  it('says why a call was not done, with the code', async () => {
    const token = await createToken(pool, {
      name: 'looks',
      scopes: ['view'],
      tenant: null,
      expiresInMs: null,
      actor: 'me',
    });
    assert.ok(token !== null);
    const client = createConsoleClient({ url: ackline.url, token });
    const { data: caller } = await client.GET('/api/v1/caller');
    assert.deepEqual(caller, { name: 'token:looks', scopes: ['view'], tenant: null, by: 'token' });
    const { id } = await storeEvent(pool);
    const { error, data, response } = await client.GET('/api/v1/events/{id}/payload', {
      params: { path: { id } },
    });
    assert.deepEqual([response.status, data, error?.code], [403, undefined, 'ACKLINE_NOT_ALLOWED']);
  });

  it('uses the fetch that it was given, and rejects where nobody answers', async () => {
    const asked: string[] = [];
    const client = createConsoleClient({
      url: 'http://127.0.0.1:9',
      fetch: request => {
        asked.push(new URL(request.url).pathname);
        return fetch(request);
      },
    });
    await assert.rejects(client.GET('/api/v1/caller'), TypeError);
    assert.deepEqual(asked, ['/api/v1/caller']);
  });
});
