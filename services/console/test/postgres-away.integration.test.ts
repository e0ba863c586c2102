import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { startTcpProxy, type TcpProxy } from '@ackline/testkit/tcp-proxy';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Route } from '../src/api/route.ts';
import { type RouteName, routes } from '../src/api/routes.ts';
import { type StartedConsole, startConsole } from './support/console.ts';

const ID = '00000000-0000-4000-8000-000000000000';
/** A bound, and no measure: connect and statement limits with a rest. */
const LIMIT_MS = 20_000;

/** Of the calls that need one. */
const BODIES: Partial<Record<RouteName, object>> = {
  createReplay: { filter: { source: 's' } },
  replayEdited: { bodyBase64: btoa('{}') },
  discardCause: { cause: 'c', parkedUntil: '2026-11-30T00:00:00Z' },
};

describe('while PostgreSQL is away', { timeout: 120_000 }, () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let ackline: StartedConsole;
  before(async () => {
    database = await createTestDatabase();
    const url = new URL(database.url);
    proxy = await startTcpProxy({ port: Number(url.port), host: url.hostname });
    url.host = `127.0.0.1:${proxy.port}`;
    ackline = await startConsole({ databaseUrl: url.href });
  });
  after(async () => {
    await proxy.heal();
    await ackline[Symbol.asyncDispose]();
    await proxy.close();
    await database.close();
  });

  // Who calls is known without it here, and so is how to sign in.
  const asked = Object.entries(routes as Record<string, Route>).filter(
    ([name, { isAnonymous }]) => name !== 'readCaller' && !isAnonymous,
  ) as [RouteName, Route][];

  async function expectUnavailable(): Promise<void> {
    await Promise.all(
      asked.map(async ([name]) => {
        const options = {
          params: { id: ID, n: '1', name: name === 'sendSample' ? 'crimson-hooks' : 'crm' },
          body: BODIES[name],
        };
        const { status, json, headers } = await ackline.call(name, options);
        assert.equal(status, 503, name);
        assert.ok(
          ['ACKLINE_POSTGRES_UNAVAILABLE', 'ACKLINE_LOOK_TOO_LONG'].includes(json.code),
          `${name}: ${json.code}`,
        );
        assert.ok(Number(headers.get('retry-after')) > 0);
      }),
    );
  }

  it('each call says so in bounded time, whether connections are refused or nothing answers', {
    timeout: 2 * LIMIT_MS,
  }, async () => {
    assert.equal((await ackline.call('listEvents')).status, 200);
    await proxy.cut();
    await expectUnavailable();
    await proxy.heal();
    await waitFor(async () => (await ackline.call('listEvents')).status === 200);
    proxy.stall();
    await expectUnavailable();
    await proxy.heal();
    await waitFor(async () => (await ackline.call('listEvents')).status === 200);
  });

  it('a console that starts meanwhile waits for it, not ready, and answers once it is there', async () => {
    await proxy.cut();
    const url = new URL(database.url);
    url.host = `127.0.0.1:${proxy.port}`;
    await using other = await startConsole({ databaseUrl: url.href });
    assert.equal((await other.call('listEvents')).status, 503);
    assert.equal((await fetch(`${other.opsUrl}/readyz`)).status, 503);
    await proxy.heal();
    await waitFor(async () => (await fetch(`${other.opsUrl}/readyz`)).status === 200);
    assert.equal((await other.call('listEvents')).status, 200);
  });
});
