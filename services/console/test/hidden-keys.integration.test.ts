import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { createToken, type TokenScope } from '@ackline/store/console-tokens';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { type StartedConsole, startConsole, testPool } from './support/console.ts';
import { storeEvent } from './support/rows.ts';

const PHONE = '+491701234567';
const SOURCE = 'crimson-hooks';

async function tokenOf(pool: Pool, ...scopes: TokenScope[]): Promise<string> {
  const name = scopes.join('-');
  return (await createToken(pool, { name, scopes, tenant: null, expiresInMs: null, actor: 'me' })) ?? '';
}

describe('keys that are hidden', () => {
  let database: TestDatabase;
  let pool: Pool;
  let ackline: StartedConsole;
  /** Unlike who is on this machine, it may not see keys. */
  let viewer: string;
  before(async () => {
    database = await createTestDatabase();
    pool = testPool(database.url);
    ackline = await startConsole({ databaseUrl: database.url });
    viewer = await tokenOf(pool, 'view');
    for (const type of ['first', 'second'])
      await storeEvent(pool, { type, orderingKey: PHONE, dedupKey: type, deliveries: [{ state: 'parked' }] });
    await pool.query('update deliveries set ordering_key = $1', [PHONE]);
  });
  after(async () => {
    await ackline[Symbol.asyncDispose]();
    await pool.end();
    await database.close();
  });

  const seen = async (of: StartedConsole, token: string): Promise<string[]> =>
    (await of.call('listEvents', { token })).json.items.map(
      (event: { orderingKey: string }) => event.orderingKey,
    );

  it('are the same hash for the same key, in each console and in each list', async () => {
    const token = viewer;
    const [first, second] = await seen(ackline, token);
    assert.match(first ?? '', /^#[0-9a-f]{8}$/);
    assert.equal(second, first);
    await using other = await startConsole({ databaseUrl: database.url });
    assert.deepEqual(await seen(other, token), [first, first]);
    const { json } = await ackline.call('listParked', { token });
    assert.deepEqual([json.items[0].orderingKey, json.items.length], [first, 2]);
    const { id } = json.items[0];
    assert.equal((await ackline.call('readDelivery', { token, params: { id } })).json.orderingKey, first);
  });

  it('are no hash that who tries all phone numbers can find them by', async () => {
    const [shown] = await seen(ackline, viewer);
    const digits = (text: string) => `#${hash('sha256', text, 'hex').slice(0, 8)}`;
    for (const text of [PHONE, `${SOURCE}\n${PHONE}`, `${SOURCE}${PHONE}`])
      assert.notEqual(shown, digits(text));
  });

  it('are not confirmed by a filter', async () => {
    for (const query of [{ orderingKey: PHONE }, { source: SOURCE, dedupKey: 'first' }]) {
      const { status, json } = await ackline.call('listEvents', { token: viewer, query });
      assert.deepEqual([status, json.code], [403, 'ACKLINE_NOT_ALLOWED']);
      assert.match(json.detail, /dedupKey and orderingKey .* scope `payload`/);
    }
    const token = await tokenOf(pool, 'view', 'payload');
    const found = await ackline.call('listEvents', { token, query: { orderingKey: PHONE } });
    assert.deepEqual(
      found.json.items.map((event: { orderingKey: string }) => event.orderingKey),
      [PHONE, PHONE],
    );
  });

  it('can be asked for by who may see keys, for a screen that others see', async () => {
    const [hidden] = await seen(ackline, viewer);
    for (const name of ['listEvents', 'listParked'] as const) {
      const { json } = await ackline.call(name, { query: { keys: 'hidden' } });
      assert.equal(json.items[0].orderingKey, hidden, name);
    }
    const query = { keys: 'hidden', orderingKey: PHONE };
    assert.equal((await ackline.call('listEvents', { query })).json.items[0].orderingKey, hidden);
  });
});
