import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { after, before, beforeEach, describe, it } from 'node:test';
import { operatorName } from '@ackline/runtime/operator-name';
import { providers } from '@ackline/shared/providers/registry';
import { freePort } from '@ackline/testkit/free-port';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { type StartedConsole, startConsole, testPool } from './support/console.ts';
import { storeEvent } from './support/rows.ts';

/** One of a provider with a public key, whose signing key only the provider has. */
const CONFIG = `
publicUrl: https://hooks.example.com
sources:
  - { name: crimson-hooks, provider: telegram, tenant: crimson, path: /crimson, secrets: [{ env: RED }] }
  - { name: chat, provider: discord, path: /chat, secrets: [{ env: DISCORD }] }
  - { name: away, provider: telegram, path: /away, secrets: [{ env: NOBODY_HAS_IT }] }
destinations: [{ name: crm, type: http, url: 'http://127.0.0.1:9/' }]
routes: [{ name: all, destination: crm }]
`;

describe('a sample of a source, sent from the console', () => {
  let database: TestDatabase;
  let pool: Pool;
  let ackline: StartedConsole;
  let ingress: Server;
  /** What it does with a request; the status that it answers with. */
  let takes: (request: IncomingMessage, body: Buffer) => Promise<number>;
  before(async () => {
    database = await createTestDatabase();
    pool = testPool(database.url);
    const port = await freePort();
    ingress = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => void parts.push(part));
      request.on('end', () => {
        void takes(request, Buffer.concat(parts)).then(status => response.writeHead(status).end('{}'));
      });
    });
    await new Promise<void>(resolve => ingress.listen(port, '127.0.0.1', resolve));
    ackline = await startConsole({
      databaseUrl: database.url,
      config: CONFIG,
      env: { CONSOLE_INGRESS_URL: `http://127.0.0.1:${port}`, DISCORD: 'ab'.repeat(32) },
    });
  });
  beforeEach(async () => {
    await pool.query('truncate audit');
  });
  after(async () => {
    await ackline[Symbol.asyncDispose]();
    await new Promise(resolve => ingress.close(resolve));
    await pool.end();
    await database.close();
  });

  const send = (name: string) => ackline.call('sendSample', { params: { name } });
  const audited = async () =>
    (await ackline.call('listAudit', {})).json.items.map((entry: { action: string }) => entry.action);

  it("is proven by the source's secret, and answered with the status and the event that it has become", async () => {
    const telegram = providers.get('telegram')!;
    let stored = '';
    takes = async (request, body) => {
      const pairs = Object.entries(request.headers).map(([name, value]): [string, string] => [
        name,
        String(value),
      ]);
      const received = {
        method: 'POST',
        url: `https://hooks.example.com${request.url}`,
        headers: pairs,
        body,
      };
      assert.equal(telegram.verify(received, ['crimson-secret'], Date.now()).verified, true);
      const identified = telegram.identify(received);
      assert.equal(identified.kind, 'event');
      const { dedupKey } = (identified as { identity: { dedupKey: string } }).identity;
      stored = (await storeEvent(pool, { dedupKey, body })).id;
      return 200;
    };
    const { json } = await send('crimson-hooks');
    assert.deepEqual(
      [json.status, json.error, json.eventId, json.source],
      [200, null, stored, 'crimson-hooks'],
    );
    const [entry] = (await ackline.call('listAudit', {})).json.items;
    assert.deepEqual(
      [entry.actor, entry.action, entry.subject, entry.details],
      [operatorName(), 'sample.sent', 'crimson-hooks', { provider: 'telegram' }],
    );
    // Another one is another event.
    const first = stored;
    await send('crimson-hooks');
    assert.notEqual(stored, first);
  });

  it('that is refused says how, and one that nobody answers says why', async () => {
    takes = () => Promise.resolve(503);
    const { json } = await send('crimson-hooks');
    assert.deepEqual([json.status, json.eventId], [503, null]);
    takes = request => (request.socket.destroy(), new Promise(() => undefined));
    const cut = await send('crimson-hooks');
    assert.equal(cut.json.status, null);
    assert.ok(['UND_ERR_SOCKET', 'ECONNRESET'].includes(cut.json.error), cut.json.error);
  });

  it('is not sent where nothing can be signed: without the secret, and with a public key', async () => {
    for (const name of ['away', 'chat']) {
      const { status, json } = await send(name);
      assert.deepEqual([status, json.code], [409, 'ACKLINE_WRONG_STATE'], name);
    }
    assert.equal((await send('unknown')).status, 404);
    assert.deepEqual(await audited(), []);
  });

  it('is one at a time of each caller', async () => {
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    let isHeld = false;
    takes = async () => {
      isHeld = true;
      await held;
      return 503;
    };
    const first = send('crimson-hooks');
    await waitFor(() => isHeld);
    const { status, json } = await send('crimson-hooks');
    assert.deepEqual([status, json.code], [503, 'ACKLINE_CONSOLE_BUSY']);
    letGo();
    assert.equal((await first).json.status, 503);
    takes = () => Promise.resolve(503);
    assert.equal((await send('crimson-hooks')).status, 200);
  });
});
