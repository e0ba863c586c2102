import assert from 'node:assert/strict';
import { hash, randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { listAudit } from '@ackline/store/audit';
import { readDeliveryMeta, replayEdited } from '@ackline/store/delivery-edits';
import { recordOutcomes } from '@ackline/store/delivery-outcomes';
import { replayDelivery } from '@ackline/store/replay-delivery';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { claim, openPool, outcomeOf, storeDeliveries, sweepAllKept } from './rows.ts';

describe('a delivery that is sent with another body', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  beforeEach(() => pool.query('truncate events, deliveries, finished_deliveries, delivery_edits, audit'));
  after(async () => {
    await pool.end();
    await database.close();
  });

  async function delivered(): Promise<string> {
    const [row] = await storeDeliveries(pool, [{ body: Buffer.from('as it came') }]);
    await finishOne();
    return row!.id;
  }
  async function finishOne(): Promise<void> {
    const [row] = await claim(pool, 1);
    await recordOutcomes(pool, [outcomeOf(row!)]);
  }
  const edit = (id: string, text: string) =>
    replayEdited(pool, id, {
      actor: 'anna',
      edit: { keyId: 'key-of-the-edit', body: Buffer.from(text) },
      body: Buffer.from(text),
    });
  async function sent() {
    const [row] = await claim(pool, 1);
    assert.ok(row);
    await recordOutcomes(pool, [outcomeOf(row)]);
    return [Buffer.from(row.body).toString(), row.edit, row.keyId];
  }

  it('has that body from then on, and the next one after the next edit', async () => {
    const id = await delivered();
    assert.deepEqual(await edit(id, 'repaired'), {
      kind: 'replayed',
      destination: 'crm',
      before: 'delivered',
    });
    const { rows } = await pool.query('select body_bytes from deliveries');
    assert.deepEqual(rows, [{ body_bytes: 8 }]);
    assert.deepEqual(await sent(), ['repaired', { n: 1, keyId: 'key-of-the-edit' }, 'none']);
    await replayDelivery(pool, id, 'anna');
    assert.deepEqual((await sent())[0], 'repaired');
    await edit(id, 'repaired again');
    assert.deepEqual((await sent())[1], { n: 2, keyId: 'key-of-the-edit' });
    assert.deepEqual(
      (await listAudit(pool, { limit: 1 })).map(({ actor, action, subject, details }) => [
        actor,
        action,
        subject,
        details,
      ]),
      [
        [
          'anna',
          'delivery.replayed',
          id,
          {
            destination: 'crm',
            before: 'delivered',
            after: 'due',
            edit: 2,
            bytes: 14,
            // Of what was sent before there is none here: it is sealed by a key that this release has not.
            sha256: hash('sha256', 'repaired again'),
          },
        ],
      ],
    );
  });

  it('is counted by that body where it is sent again, so that a claim stays within its memory', async () => {
    const id = await delivered();
    await edit(id, 'much longer than it came');
    await sent();
    await replayDelivery(pool, id, 'anna');
    const { rows } = await pool.query('select body_bytes from deliveries');
    assert.deepEqual(rows, [{ body_bytes: 24 }]);
  });

  it('leaves its event, and the event’s other deliveries, as they were', async () => {
    const id = await delivered();
    await edit(id, 'repaired');
    const { rows } = await pool.query<{ body: Buffer }>('select body from events');
    assert.deepEqual(
      rows.map(row => row.body.toString()),
      ['as it came'],
    );
    const [other] = await storeDeliveries(pool, [{ body: Buffer.from('other') }]);
    const claimed = await claim(pool);
    assert.equal(claimed.find(row => row.id === other!.id)?.edit, undefined);
  });

  it('is not edited while it is open, or unknown', async () => {
    const [row] = await storeDeliveries(pool, [{}]);
    assert.deepEqual(await edit(row!.id, 'x'), { kind: 'still-open', state: 'due' });
    assert.deepEqual(await edit(randomUUID(), 'x'), { kind: 'not-found' });
    const { rows } = await pool.query('select from delivery_edits');
    assert.equal(rows.length, 0);
  });

  it('is found with the sealed headers of its event', async () => {
    const id = await delivered();
    const meta = await readDeliveryMeta(pool, id);
    assert.deepEqual([meta?.keyId, Buffer.from(meta?.meta ?? []).toString()], ['none', '{"v":1}']);
    assert.equal(await readDeliveryMeta(pool, randomUUID()), null);
  });

  it('keeps its edits as long as it is kept, and no longer', async () => {
    const open = await delivered();
    await edit(open, 'x');
    const finished = await delivered();
    await edit(finished, 'x');
    await sent();
    assert.equal((await sweepAllKept(pool, 30)).edits, 0);
    await pool.query('delete from finished_deliveries');
    assert.equal((await sweepAllKept(pool, 30)).edits, 1);
    await pool.query('delete from deliveries');
    assert.equal((await sweepAllKept(pool, 30)).edits, 1);
  });
});
