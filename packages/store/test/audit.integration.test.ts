import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { listAudit } from '@ackline/store/audit';
import { recordOutcomes } from '@ackline/store/delivery-outcomes';
import { listPausedDestinations, pauseDestination, resumeDestination } from '@ackline/store/destinations';
import { discardCause, discardDelivery } from '@ackline/store/discard';
import { replayDelivery } from '@ackline/store/replay-delivery';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { claim, openPool, outcomeOf, readDelivery, storeDeliveries } from './rows.ts';

const CAUSE = { actor: 'anna', cause: 'crm exhausted', parkedUntil: 'infinity' };

describe('the audit', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  beforeEach(async () => {
    await pool.query('truncate events, deliveries, finished_deliveries, paused_destinations, audit');
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  async function park(count: number): Promise<string[]> {
    await storeDeliveries(pool, Array(count).fill({}));
    const claimed = await claim(pool);
    await recordOutcomes(
      pool,
      claimed.map(row => outcomeOf(row, { state: 'parked', parkReason: 'exhausted' })),
    );
    return claimed.map(row => row.id);
  }

  const noted = async () =>
    (await listAudit(pool, { limit: 10 })).map(({ actor, action, subject, details }) => [
      actor,
      action,
      subject,
      details,
    ]);

  it('notes who did what, the newest first', async () => {
    const [first, second] = await park(4);
    await pauseDestination(pool, 'crm', { reason: 'deploy', actor: 'processor@one' });
    await resumeDestination(pool, 'crm', 'anna');
    await replayDelivery(pool, first!, 'bert');
    await discardDelivery(pool, second!, 'anna');
    await discardCause(pool, CAUSE);
    assert.deepEqual(await noted(), [
      [
        'anna',
        'delivery.discarded',
        'crm exhausted',
        { deliveries: 2, before: 'parked', after: 'discarded' },
      ],
      ['anna', 'delivery.discarded', second, { destination: 'crm', before: 'parked', after: 'discarded' }],
      ['bert', 'delivery.replayed', first, { destination: 'crm', before: 'parked', after: 'due' }],
      ['anna', 'destination.resumed', 'crm', { before: 'paused', after: 'active', reason: 'deploy' }],
      ['processor@one', 'destination.paused', 'crm', { before: 'active', after: 'paused', reason: 'deploy' }],
    ]);
    const [newest] = await listAudit(pool, { limit: 1 });
    assert.deepEqual([newest!.subject, newest!.at instanceof Date], ['crm exhausted', true]);
    assert.equal((await listAudit(pool, { limit: 1 })).length, 1);
  });

  it('notes nothing where nothing was changed', async () => {
    await pauseDestination(pool, 'crm', { reason: 'deploy', actor: 'anna' });
    const [id] = await park(1);
    await replayDelivery(pool, id!, 'anna');
    const before = await noted();
    await pauseDestination(pool, 'crm', { reason: 'again', actor: 'anna' });
    await resumeDestination(pool, 'erp', 'anna');
    await replayDelivery(pool, id!, 'anna');
    await replayDelivery(pool, randomUUID(), 'anna');
    await discardDelivery(pool, id!, 'anna');
    await discardCause(pool, CAUSE);
    assert.deepEqual(await noted(), before);
    assert.equal(before.length, 2);
  });

  it('that can not be written lets no change be made', async () => {
    const [id] = await park(1);
    await pauseDestination(pool, 'crm', { reason: 'deploy', actor: 'anna' });
    await pool.query('alter table audit add constraint refused check (false) not valid');
    try {
      for (const change of [
        () => pauseDestination(pool, 'erp', { reason: 'deploy', actor: 'anna' }),
        () => resumeDestination(pool, 'crm', 'anna'),
        () => replayDelivery(pool, id!, 'anna'),
        () => discardDelivery(pool, id!, 'anna'),
        () => discardCause(pool, CAUSE),
      ]) {
        await assert.rejects(change(), /refused/);
      }
    } finally {
      await pool.query('alter table audit drop constraint refused');
    }
    assert.deepEqual(
      (await listPausedDestinations(pool)).map(paused => paused.name),
      ['crm'],
    );
    assert.equal((await readDelivery(pool, id!)).state, 'parked');
  });
});
