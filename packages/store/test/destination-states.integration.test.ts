import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import {
  DESTINATIONS_CHANNEL,
  endProbe,
  type HealthReport,
  readDestinationStates,
  reportHealth,
  resetDestinationState,
  takeProbe,
} from '@ackline/store/destination-states';
import { inTransaction } from '@ackline/store/transaction';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { openPool } from './rows.ts';

const MINUTE_MS = 60_000;
const WISH = { probeMs: MINUTE_MS, resetMs: MINUTE_MS };

describe('the state of a destination over all processors', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url, 12);
  });
  beforeEach(async () => {
    await pool.query('truncate destination_states');
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  const report = (overrides: Partial<HealthReport> = {}): HealthReport => ({
    name: 'crm',
    epoch: 0,
    succeeded: false,
    failures: 1,
    threshold: 10,
    resetMs: MINUTE_MS,
    ...overrides,
  });
  const send = (...overrides: readonly Partial<HealthReport>[]) => reportHealth(pool, overrides.map(report));
  const crm = async () => (await readDestinationStates(pool, ['crm']))[0];
  /** Opens it, and lets its time be over. */
  async function openForProbe(): Promise<void> {
    await send({ failures: 10 });
    await pool.query(
      "update destination_states set reopens_at = now() - interval '1 millisecond' where status = 'OPEN'",
    );
  }

  it('opens at the tenth failure in a row, counted over two that interleave, and says so to the one that made it', async () => {
    const opened: number[] = [];
    for (let n = 1; n <= 12; n++) {
      const [state] = await send({ failures: 1 });
      if (state!.changed) opened.push(n);
      assert.equal(state!.status, n < 10 ? 'CLOSED' : 'OPEN');
    }
    assert.deepEqual(opened, [10]);
    const state = await crm();
    assert.equal(state!.failures, 10);
    assert.ok(state!.reopensInMs! > 50_000 && state!.reopensInMs! <= MINUTE_MS);
  });

  it('loses no failure of two that report at once, of several destinations in another order', async () => {
    const both = [{ name: 'crm' }, { name: 'erp' }];
    await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        send(...(n % 2 === 0 ? both : both.toReversed()).map(one => ({ ...one, threshold: 1_000 }))),
      ),
    );
    const states = await readDestinationStates(pool, ['crm', 'erp']);
    assert.deepEqual(
      states.map(({ name, failures }) => [name, failures]),
      [
        ['crm', 12],
        ['erp', 12],
      ],
    );
  });

  it('begins to count again at a success of any of them', async () => {
    await send({ failures: 9 });
    await send({ succeeded: true, failures: 2 });
    assert.equal((await crm())!.failures, 2);
    await send({ failures: 7 });
    assert.equal((await crm())!.status, 'CLOSED');
    await send({ failures: 1 });
    assert.equal((await crm())!.status, 'OPEN');
  });

  it('hears nothing, while open and after it has closed again, of what began before', async () => {
    await send({ failures: 10 });
    const opened = await crm();
    await send({ succeeded: true, failures: 0 }, { name: 'erp' });
    assert.deepEqual([(await crm())!.version, (await crm())!.status], [opened!.version, 'OPEN']);
    await pool.query(
      "update destination_states set reopens_at = now() - interval '1 millisecond' where status = 'OPEN'",
    );
    const probe = await takeProbe(pool, 'crm', WISH);
    const closed = await endProbe(pool, {
      name: 'crm',
      epoch: probe!.epoch,
      result: 'success',
      resetMs: MINUTE_MS,
    });
    assert.deepEqual([closed!.status, closed!.failures], ['CLOSED', 0]);
    assert.ok(closed!.closedForMs! >= 0 && closed!.closedForMs! < MINUTE_MS);
    const [late] = await send({ failures: 10 });
    assert.deepEqual([late!.status, late!.failures, late!.epoch], ['CLOSED', 0, closed!.epoch]);
    await send({ failures: 10, epoch: closed!.epoch });
    assert.equal((await crm())!.status, 'OPEN');
  });

  it('gives the probe to one of ten that ask at once, and to nobody before its time', async () => {
    await send({ failures: 10 });
    assert.equal((await takeProbe(pool, 'crm', WISH))!.changed, false);
    await pool.query(
      "update destination_states set reopens_at = now() - interval '1 millisecond' where status = 'OPEN'",
    );
    const answers = await Promise.all(Array.from({ length: 10 }, () => takeProbe(pool, 'crm', WISH)));
    assert.equal(answers.filter(answer => answer!.changed).length, 1);
    assert.equal((await crm())!.status, 'HALF_OPEN');
  });

  it('gives a probe that was lost with its processor again, and hears the one that lost it no more', async () => {
    await openForProbe();
    const lost = await takeProbe(pool, 'crm', WISH);
    assert.equal((await takeProbe(pool, 'crm', WISH))!.changed, false);
    await pool.query(
      "update destination_states set probe_until = now() - interval '1 millisecond' where status = 'HALF_OPEN'",
    );
    const next = await takeProbe(pool, 'crm', WISH);
    assert.equal(next!.changed, true);
    const end = { name: 'crm', resetMs: MINUTE_MS } as const;
    const ignored = await endProbe(pool, { ...end, epoch: lost!.epoch, result: 'success' });
    assert.deepEqual([ignored!.changed, ignored!.status], [false, 'HALF_OPEN']);
    const reopened = await endProbe(pool, { ...end, epoch: next!.epoch, result: 'failure' });
    assert.deepEqual([reopened!.status, reopened!.failures], ['OPEN', 11]);
    assert.ok(reopened!.reopensInMs! > 50_000);
  });

  for (const [status, column] of [
    ['OPEN', 'reopens_at'],
    ['HALF_OPEN', 'probe_until'],
  ]) {
    it(`gives the probe of one that is ${status} at once where its time is further away than any: the clock was set back`, async () => {
      await openForProbe();
      if (status === 'HALF_OPEN') await takeProbe(pool, 'crm', WISH);
      assert.equal((await crm())!.status, status);
      const far = async (seconds: number) => {
        await pool.query(`update destination_states set ${column} = now() + $1 * interval '1 second'`, [
          seconds,
        ]);
        return (await takeProbe(pool, 'crm', WISH))!.changed;
      };
      assert.equal(await far(60), false);
      assert.equal(await far(86_400), true);
    });
  }

  it('gives a probe that was not used to the next who asks', async () => {
    await openForProbe();
    const { epoch } = (await takeProbe(pool, 'crm', WISH))!;
    await endProbe(pool, { name: 'crm', epoch, result: 'unused', resetMs: MINUTE_MS });
    assert.equal((await takeProbe(pool, 'crm', WISH))!.changed, true);
  });

  it('knows nothing of a destination that never failed', async () => {
    assert.equal(await takeProbe(pool, 'crm', WISH), null);
    assert.equal(await resetDestinationState(pool, 'crm'), null);
    assert.equal(await crm(), undefined);
  });

  it('begins anew when it is reset, and hears nothing of the time before', async () => {
    await send({ failures: 10 });
    const reset = await resetDestinationState(pool, 'crm');
    assert.deepEqual([reset!.status, reset!.failures, reset!.closedForMs], ['CLOSED', 0, null]);
    await send({ failures: 9 });
    assert.equal((await crm())!.failures, 0);
  });

  it('tells those who listen of the first failure and of each change of status, and of nothing else', async () => {
    const heard: string[] = [];
    const listener = await pool.connect();
    listener.on('notification', ({ payload }) => void heard.push(payload ?? ''));
    try {
      await listener.query(`listen ${DESTINATIONS_CHANNEL}`);
      const told = async (work: () => Promise<unknown>) => {
        heard.length = 0;
        await work();
        await pool.query(`select pg_notify('${DESTINATIONS_CHANNEL}', 'end')`);
        await waitFor(() => heard.includes('end'));
        return heard.filter(name => name !== 'end');
      };
      assert.deepEqual(await told(() => send({})), ['crm']);
      assert.deepEqual(await told(() => send({})), []);
      assert.deepEqual(await told(() => send({ succeeded: true, failures: 0 })), []);
      assert.deepEqual(await told(() => send({ failures: 10 })), ['crm']);
      assert.deepEqual(await told(() => send({ failures: 10 })), []);
      await pool.query(
        "update destination_states set reopens_at = now() - interval '1 millisecond' where status = 'OPEN'",
      );
      assert.deepEqual(await told(() => takeProbe(pool, 'crm', WISH)), ['crm']);
      assert.deepEqual(await told(() => takeProbe(pool, 'crm', WISH)), []);
      assert.deepEqual(await told(() => resetDestinationState(pool, 'crm')), ['crm']);
    } finally {
      await listener.query('unlisten *');
      listener.removeAllListeners('notification');
      listener.release();
    }
  });

  it('counts what waited for the row of another, from what that one left', async () => {
    await send({ failures: 5 });
    let waiting: Promise<unknown> = Promise.resolve();
    await inTransaction(pool, async client => {
      await reportHealth(client, [report({ succeeded: true, failures: 1 })]);
      waiting = send({ failures: 8 });
      await waitFor(async () => {
        const { rows } = await pool.query(
          "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        );
        return rows.length === 1;
      });
    });
    await waiting;
    assert.deepEqual([(await crm())!.failures, (await crm())!.status], [9, 'CLOSED']);
  });
});
