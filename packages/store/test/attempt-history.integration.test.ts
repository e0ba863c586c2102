import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { AttemptRecord } from '@ackline/store/deliveries';
import { recordOutcomes } from '@ackline/store/delivery-outcomes';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { claim, openPool, outcomeOf, storeDeliveries } from './rows.ts';

const AT = '2026-11-28T10:00:00.000Z';
const attempt = (
  outcome: AttemptRecord['outcome'],
  { error = null, status = null }: { error?: string | null; status?: number | null },
): AttemptRecord => ({ at: AT, ms: 1, outcome, status, error, excerpt: null });
const busy = attempt('hold', { error: 'transform-busy' });
const killed = attempt('hold', { error: 'transform-killed' });
const draining = attempt('hold', { error: 'aborted' });
const gone = attempt('hold', { status: 410 });
const refused = attempt('retry', { status: 503 });

describe('the attempts that a delivery keeps', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  beforeEach(() => pool.query('truncate events, deliveries, finished_deliveries'));
  after(async () => {
    await pool.end();
    await database.close();
  });

  /** Tries one delivery so often; what is kept, in short. */
  async function kept(attempts: readonly AttemptRecord[], end: 'due' | 'delivered' = 'due') {
    await storeDeliveries(pool, [{}]);
    for (const [n, one] of attempts.entries()) {
      const [claimed] = await claim(pool, 1);
      assert.ok(claimed !== undefined);
      const state = n === attempts.length - 1 ? end : 'due';
      await recordOutcomes(pool, [outcomeOf(claimed, { state, attempt: one })]);
    }
    const { rows } = await pool.query<{ attempts: readonly AttemptRecord[] }>(
      'select attempts from deliveries union all select attempts from finished_deliveries',
    );
    return rows[0]?.attempts.map(({ status, error, times }) => [status ?? error, times ?? 1]);
  }

  it('count holds for one reason that sent nothing as one, so that they push out nothing that was answered', async () => {
    const holds = Array.from({ length: 120 }, () => busy);
    assert.deepEqual(await kept([refused, refused, ...holds, refused]), [
      [503, 1],
      [503, 1],
      ['transform-busy', 120],
      [503, 1],
    ]);
  });

  it('are written whatever words a handler gave, so that one of them holds up no outcome of others', async () => {
    await storeDeliveries(pool, [{}, {}]);
    const [one, other] = await claim(pool, 2);
    assert.ok(one !== undefined && other !== undefined);
    const words = `"no\u0000pe" \\u0000 ${'😀'.slice(0, 1)}`;
    await recordOutcomes(pool, [
      outcomeOf(one, { state: 'due', attempt: { ...refused, excerpt: words } }),
      outcomeOf(other, { state: 'delivered', attempt: attempt('delivered', { status: 200 }) }),
    ]);
    const { rows } = await pool.query<{ excerpt: string }>(
      "select attempts -> -1 ->> 'excerpt' as excerpt from deliveries",
    );
    assert.deepEqual(rows, [{ excerpt: '"no\ufffdpe" \\u0000 \ufffd' }]);
  });

  it('count a handler that is not there, or has no room, as one too, but each call of it that was ended', async () => {
    const notReady = attempt('hold', { error: 'handler-not-ready' });
    const noRoom = attempt('hold', { error: 'handler-busy' });
    const interrupted = attempt('hold', { error: 'handler-interrupted' });
    assert.deepEqual(await kept([notReady, notReady, noRoom, noRoom, interrupted, interrupted]), [
      ['handler-not-ready', 2],
      ['handler-busy', 2],
      ['handler-interrupted', 1],
      ['handler-interrupted', 1],
    ]);
  });

  it('tell holds apart that are for another reason, or may have arrived, and all that counts as a try', async () => {
    assert.deepEqual(await kept([draining, draining, gone, gone, busy, killed, busy, refused, busy, busy]), [
      ['aborted', 1],
      ['aborted', 1],
      [410, 1],
      [410, 1],
      ['transform-busy', 1],
      ['transform-killed', 1],
      ['transform-busy', 1],
      [503, 1],
      ['transform-busy', 2],
    ]);
  });

  it('are told from each other by the two before them, also holds that are one on record', async () => {
    await storeDeliveries(pool, [{}]);
    const claims: (readonly [string | null | undefined, string | null | undefined])[] = [];
    const attempts = [refused, busy, busy, busy, killed, killed, busy, refused];
    for (const [n, one] of attempts.entries()) {
      const [claimed] = await claim(pool, 1);
      assert.ok(claimed !== undefined);
      claims.push([claimed.lastAt, claimed.lastButOneAt]);
      const at = `2026-11-28T10:00:0${n}.000Z`;
      await recordOutcomes(pool, [outcomeOf(claimed, { state: 'due', attempt: { ...one, at } })]);
    }
    const lastAts = claims.map(([lastAt]) => lastAt);
    assert.equal(new Set(lastAts).size, attempts.length);
    assert.deepEqual(
      claims.map(([, lastButOneAt]) => lastButOneAt),
      [null, ...lastAts.slice(0, -1)],
    );
  });

  it('say whether one of them failed: a hold that sent nothing did not', async () => {
    const hasFailed = async (attempts: readonly AttemptRecord[]) => {
      await pool.query('truncate events, deliveries');
      await kept(attempts);
      return (await claim(pool, 1))[0]?.hasFailed;
    };
    assert.deepEqual(
      [
        await hasFailed([busy, killed, draining]),
        await hasFailed([refused, busy, busy]),
        await hasFailed([gone]),
        await hasFailed([attempt('interrupted', { error: 'interrupted' })]),
      ],
      [false, true, true, true],
    );
  });

  it('end with the one that arrived, after holds too', async () => {
    const arrived = attempt('delivered', { status: 200 });
    assert.deepEqual(await kept([busy, busy, arrived], 'delivered'), [
      ['transform-busy', 2],
      [200, 1],
    ]);
  });
});
