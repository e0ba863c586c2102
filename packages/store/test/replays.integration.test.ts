import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { listAudit } from '@ackline/store/audit';
import type { AttemptRecord, NewDelivery } from '@ackline/store/deliveries';
import { recordOutcomes } from '@ackline/store/delivery-outcomes';
import { discardDelivery } from '@ackline/store/discard';
import { replayDelivery } from '@ackline/store/replay-delivery';
import { type AnnounceOptions, announceReplay } from '@ackline/store/replay-count';
import { type ReplaySeen, type ReplayStep, stepReplay } from '@ackline/store/replay-release';
import { readReplayTotals } from '@ackline/store/replay-totals';
import {
  changeReplay,
  listReplays,
  type Replay,
  type ReplayFilter,
  readReplay,
  sweepReplays,
} from '@ackline/store/replays';
import { dropDay, listExpiredDays } from '@ackline/store/retention';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import {
  claim,
  openPool,
  outcomeOf,
  readDelivery,
  storeDeliveries,
  sweepAllKept,
  type DeliveryWish,
} from './rows.ts';

/** Nothing ends it. */
const ON = new AbortController().signal;
const BUSY: AttemptRecord = {
  at: '2026-11-22T10:00:00.000Z',
  ms: 12,
  outcome: 'park',
  status: 503,
  error: null,
  excerpt: null,
};

describe('a replay of many', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url, 10);
  });
  beforeEach(async () => {
    await pool.query(
      'truncate events, kept_events, deliveries, finished_deliveries, replays, replay_items, replay_ends, audit, paused_destinations',
    );
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  async function park(wishes: readonly DeliveryWish[], blocks = false): Promise<readonly NewDelivery[]> {
    const rows = await storeDeliveries(pool, wishes);
    const ids = new Set(rows.map(row => row.id));
    const claimed = (await claim(pool, 1_000, wishes[0]!.destination)).filter(row => ids.has(row.id));
    const parked = { state: 'parked', parkReason: 'exhausted', blocks, attempt: BUSY } as const;
    await recordOutcomes(
      pool,
      claimed.map(row => outcomeOf(row, parked)),
    );
    return rows;
  }
  const many = (count: number, wish: DeliveryWish = {}) => Array<DeliveryWish>(count).fill(wish);

  /** Rows that need no event, of many keys, some of which block. */
  async function parkRows(count: number): Promise<void> {
    for (let from = 1; from <= count; from += 5_000) {
      await pool.query(
        `insert into deliveries (id, stored_day, seq, event_id, source, tenant, route, destination, ordering_key, priority, state,
                                 blocks, attempts, park_reason, finished_at)
         select gen_random_uuid(), current_date, 1000000 + n, gen_random_uuid(), 's', 't', 'r', 'crm', 'k' || n, 'normal', 'parked',
                n % 3 = 0, '[{"status": 503}]', 'exhausted', now() - interval '1 hour' from generate_series($1::int, $2::int) n`,
        [from, Math.min(count, from + 4_999)],
      );
    }
  }

  async function announce(
    filter: Partial<ReplayFilter> = {},
    overrides: Partial<AnnounceOptions> = {},
  ): Promise<Replay | null> {
    return announceReplay(pool, {
      filter: { state: 'parked', ...filter },
      actor: 'anna',
      ratePerS: 50,
      trickle: 5,
      ...overrides,
    });
  }
  async function started(filter: Partial<ReplayFilter> = {}): Promise<string> {
    const replay = await announce(filter);
    assert.ok(replay);
    assert.equal((await changeReplay(pool, replay.id, { change: 'start', actor: 'bert' })).kind, 'changed');
    return replay.id;
  }
  const release = (limit: number, maxOpen: number) => (): ReplayStep => ({
    kind: 'release',
    limit,
    maxOpen,
    windowMs: 1_000,
  });
  const step = (id: string, limit: number, maxOpen = 100_000) =>
    stepReplay(pool, id, release(limit, maxOpen));

  async function countOf(text: string): Promise<number> {
    const { rows } = await pool.query<{ count: number }>(`select count(*)::int as count from ${text}`);
    return rows[0]!.count;
  }
  /** (Y1) */
  async function counts(
    id: string,
  ): Promise<{ counted: number; released: number; skipped: number; left: number }> {
    const { rows } = await pool.query<{ counted: number; released: number; skipped: number; left: number }>(
      `select counted::int, released::int, skipped::int,
              (select count(*) from replay_items where replay_id = replays.id)::int as left from replays where id = $1`,
      [id],
    );
    const [row] = rows;
    assert.ok(row);
    assert.equal(row.counted, row.released + row.skipped + row.left);
    return row;
  }

  it('is counted first, and sends nothing before it is started', async () => {
    await park(many(3));
    await park([{ destination: 'erp' }]);
    const replay = await announce({ cause: 'crm 503' });
    assert.deepEqual(
      [replay?.state, replay?.counted, replay?.released, replay?.left, replay?.createdBy],
      ['announced', 3, 0, 3, 'anna'],
    );
    assert.equal(await step(replay!.id, 10), null);
    assert.equal(await countOf("deliveries where state = 'parked'"), 4);
    assert.deepEqual(
      (await listReplays(pool, { limit: 10 })).map(({ id, filter }) => [id, filter]),
      [[replay!.id, { state: 'parked', cause: 'crm 503' }]],
    );
  });

  it('of nothing is none', async () => {
    assert.equal(await announce({ cause: 'crm 500' }), null);
    assert.equal(await announce({ state: 'delivered' }), null);
    assert.equal(await countOf('replays'), 0);
  });

  it('takes what its filter names: cause, destination, route, source, tenant and time', async () => {
    await park(many(2, { tenant: 'a' }));
    await park([{ tenant: 'b' }]);
    await park([{ destination: 'erp' }]);
    await pool.query("update deliveries set source = 'twilio', route = 'one' where destination = 'erp'");
    await pool.query("update deliveries set finished_at = '2026-01-01T12:00:00Z' where tenant = 'b'");
    const counted = async (filter: Partial<ReplayFilter>) => (await announce(filter))?.counted ?? 0;
    assert.equal(await counted({}), 4);
    assert.equal(await counted({ cause: 'crm 503' }), 3);
    assert.equal(await counted({ tenant: 'a' }), 2);
    assert.equal(await counted({ destination: 'erp' }), 1);
    assert.equal(await counted({ source: 'twilio', route: 'one' }), 1);
    assert.equal(await counted({ source: 'twilio', route: 'all' }), 0);
    assert.equal(await counted({ since: '2026-01-01T12:00:00Z', until: '2026-01-01T12:00:00Z' }), 1);
    assert.equal(await counted({ since: '2026-01-01T12:00:00.001Z' }), 3);
    assert.equal(await counted({ until: '2026-01-01T11:59:59Z' }), 0);
  });

  it('releases the oldest first, marked as replays with a new schedule, and notes what it released', async () => {
    const rows = await park(many(5));
    const id = await started();
    const stepped = await step(id, 3);
    assert.deepEqual([stepped?.released, stepped?.skipped], [3, 0]);
    const { rows: due } = await pool.query(
      `select id, tries, replay, replay_id, park_reason, finished_at from deliveries where state = 'due' order by seq`,
    );
    const fresh = { tries: 0, replay: true, replay_id: id, park_reason: null, finished_at: null };
    const first = (await pool.query<{ id: string }>('select id from deliveries order by seq limit 3')).rows;
    assert.equal(due.length, 3);
    for (const row of due) assert.deepEqual(row, { ...fresh, id: row.id });
    assert.ok(first.every(({ id: one }) => rows.some(row => row.id === one)));
    assert.deepEqual(await counts(id), { counted: 5, released: 3, skipped: 0, left: 2 });
    const progress = await readReplay(pool, id);
    assert.deepEqual([progress?.open, progress?.parkedAgain, progress?.left], [3, 0, 2]);
    const [claimed] = await claim(pool, 1);
    await recordOutcomes(pool, [
      outcomeOf(claimed!, { state: 'parked', parkReason: 'exhausted', attempt: BUSY }),
    ]);
    assert.deepEqual(await readReplay(pool, id).then(one => [one?.open, one?.parkedAgain]), [2, 1]);
    assert.deepEqual(await counts(id), { counted: 5, released: 3, skipped: 0, left: 2 });
  });

  it('knows how each ended that it sent: delivered, tried again, parked again or discarded', async () => {
    const forgotten = (await park([...many(5), { keepHistory: false }])).at(-1);
    const id = await started();
    await step(id, 6);
    const claimed = await claim(pool);
    const [delivered, failed, parked, discarded] = claimed.filter(row => row.id !== forgotten?.id);
    const outcomes = [
      outcomeOf(delivered!),
      outcomeOf(failed!, { state: 'due', afterMs: 60_000, attempt: BUSY }),
      outcomeOf(parked!, { state: 'parked', attempt: BUSY }),
      outcomeOf(discarded!, { state: 'parked', attempt: BUSY }),
      ...claimed.filter(row => row.id === forgotten?.id).map(row => outcomeOf(row)),
    ];
    await recordOutcomes(pool, outcomes);
    await recordOutcomes(pool, outcomes); // an answer that was lost: nothing counts twice
    await discardDelivery(pool, discarded!.id, 'anna');
    assert.equal(await countOf('all_deliveries'), 5);
    const ended = async () => {
      const found = await readReplay(pool, id);
      assert.ok(found);
      return [found.delivered, found.open, found.retrying, found.parkedAgain, found.discarded];
    };
    assert.deepEqual(await ended(), [2, 2, 1, 1, 1]);
    await Promise.all([sweepReplays(pool, 'processor@one'), sweepReplays(pool, 'processor@two')]);
    assert.equal(await countOf('replay_ends'), 0);
    assert.deepEqual(await ended(), [2, 2, 1, 1, 1], 'added up');
    await replayDelivery(pool, parked!.id, 'anna');
    for (const row of await claim(pool)) await recordOutcomes(pool, [outcomeOf(row)]);
    assert.deepEqual(await ended(), [3, 2, 1, 0, 1], 'by whatever it arrived');
  });

  it('is counted with the others of its state, until it is finished', async () => {
    await park(many(4));
    const [one, two] = [await started(), await started()];
    await announce();
    await step(one, 2);
    for (const row of await claim(pool, 1)) await recordOutcomes(pool, [outcomeOf(row)]);
    await step(two, 1); // the first of its list is open, and skipped
    const nothing = { retrying: 0, parkedAgain: 0, discarded: 0 };
    assert.deepEqual(await readReplayTotals(pool), [
      {
        ...nothing,
        state: 'trickle',
        replays: 2,
        counted: 8,
        left: 3,
        skipped: 2,
        underWay: 2,
        delivered: 1,
      },
    ]);
    await stepReplay(pool, two, () => ({ kind: 'stop', reason: 'crm 503' }));
    const states = async () => (await readReplayTotals(pool)).map(({ state, replays }) => [state, replays]);
    assert.deepEqual(await states(), [
      ['stopped', 1],
      ['trickle', 1],
    ]);
    for (const id of [one, two]) await changeReplay(pool, id, { change: 'cancel', actor: 'anna' });
    assert.deepEqual(await states(), []);
  });

  it('does not count what no replay of many has sent', async () => {
    const [one] = await park(many(1));
    await replayDelivery(pool, one!.id, 'anna');
    for (const row of await claim(pool)) await recordOutcomes(pool, [outcomeOf(row)]);
    assert.equal(await countOf('replay_ends'), 0);
  });

  it('skips what is no longer as it was counted, also what is parked once more (Y2)', async () => {
    const [discarded, replayed, parkedAgain, kept] = await park(many(4));
    const id = await started();
    await discardDelivery(pool, discarded!.id, 'anna');
    await replayDelivery(pool, replayed!.id, 'anna');
    await replayDelivery(pool, parkedAgain!.id, 'anna');
    for (const row of await claim(pool)) {
      if (row.id === parkedAgain!.id)
        await recordOutcomes(pool, [outcomeOf(row, { state: 'parked', attempt: BUSY })]);
    }
    await step(id, 10);
    assert.deepEqual(await counts(id), { counted: 4, released: 1, skipped: 3, left: 0 });
    assert.equal((await readDelivery(pool, kept!.id)).state, 'due');
    assert.equal((await readDelivery(pool, parkedAgain!.id)).state, 'parked');
  });

  it('skips what a route with `history: failures` forgot since it was counted, with its event', async () => {
    const [forgotten] = await park([{ keepHistory: false }, {}]);
    const id = await started();
    await replayDelivery(pool, forgotten!.id, 'anna');
    for (const row of await claim(pool)) await recordOutcomes(pool, [outcomeOf(row)]);
    assert.equal(await countOf(`all_deliveries where id = '${forgotten!.id}'`), 0);
    await step(id, 10);
    assert.deepEqual(await counts(id), { counted: 2, released: 1, skipped: 1, left: 0 });
  });

  it('takes it as arrived where what it sent is forgotten, and ends', async () => {
    await park(many(2, { keepHistory: false }));
    const id = await started();
    await step(id, 2);
    for (const row of await claim(pool)) await recordOutcomes(pool, [outcomeOf(row)]);
    assert.equal(await countOf('all_deliveries'), 0);
    let seen: ReplaySeen | null = null;
    await stepReplay(pool, id, now => {
      seen = now;
      return { kind: 'done' };
    });
    const trickle = { size: 5, sent: 2, open: 0, failure: null };
    assert.deepEqual(
      { ...seen!, ratePerS: 0, sinceMs: 0 },
      {
        state: 'trickle',
        ratePerS: 0,
        sinceMs: 0,
        left: 0,
        trickle,
      },
    );
    assert.equal((await readReplay(pool, id))?.state, 'done');
  });

  it('does not send what was parked after it was counted', async () => {
    await park(many(1));
    const id = await started();
    await park(many(2));
    await step(id, 10);
    assert.deepEqual(await counts(id), { counted: 1, released: 1, skipped: 0, left: 0 });
  });

  it('counts a hundred thousand in statements of ten thousand each', async () => {
    await parkRows(100_000);
    const progress: number[] = [];
    const replay = await announceReplay(pool, {
      filter: { state: 'parked', cause: 'crm 503' },
      actor: 'anna',
      ratePerS: 50,
      trickle: 5,
      onProgress: counted => progress.push(counted),
    });
    assert.equal(replay?.counted, 100_000);
    assert.deepEqual(
      progress.slice(0, 10),
      Array.from({ length: 10 }, (_, page) => (page + 1) * 10_000),
    );
    assert.deepEqual(await counts(replay!.id), {
      counted: 100_000,
      released: 0,
      skipped: 0,
      left: 100_000,
    });
  });

  it('keeps its count while others discard beside it, and two replayers release (Y1, Y3)', async () => {
    await parkRows(3_000);
    const id = await started();
    let ended = false;
    const replayer = async () => {
      while (!ended) {
        await step(id, 37);
        ended ||= (await counts(id)).left === 0;
      }
    };
    const { rows } = await pool.query<{ id: string }>('select id from deliveries order by id desc');
    const discarder = async () => {
      for (const [n, row] of rows.entries()) if (n % 3 === 0) await discardDelivery(pool, row.id, 'anna');
    };
    await Promise.all([replayer(), replayer(), discarder()]);
    const { released, skipped } = await counts(id);
    assert.equal(await countOf(`deliveries where replay_id = '${id}' and state = 'due'`), released);
    assert.equal(await countOf("finished_deliveries where state = 'discarded'"), skipped);
    assert.ok(released > 0 && skipped > 0, `${released} released, ${skipped} skipped`);
  });

  /** Three to `crm`, then three to `erp`, all parked. */
  async function startedToTwo(): Promise<string> {
    await park(many(3));
    await park(many(3, { destination: 'erp' }));
    return started();
  }
  async function openOf(destination: string): Promise<number> {
    return countOf(`deliveries where state = 'due' and destination = '${destination}'`);
  }
  async function deliver(destination: string): Promise<void> {
    const claimed = await claim(pool, 100, destination);
    await recordOutcomes(
      pool,
      claimed.map(row => outcomeOf(row)),
    );
  }

  it('passes over the destination that has as many open as it may, and comes back to it (Y5)', async () => {
    const id = await startedToTwo();
    assert.equal((await step(id, 3, 2))?.released, 3);
    assert.deepEqual(
      [await openOf('crm'), await openOf('erp')],
      [2, 1],
      'the oldest first, as far as they may',
    );
    assert.equal((await step(id, 3, 2))?.released, 1);
    assert.deepEqual(await step(id, 3, 2).then(one => [one?.released, one?.skipped]), [0, 0]);
    await deliver('erp');
    assert.equal((await step(id, 3, 2))?.released, 1);
    assert.deepEqual([await openOf('crm'), await openOf('erp')], [2, 1]);
    assert.deepEqual(await counts(id), { counted: 6, released: 5, skipped: 0, left: 1 });
    await deliver('crm');
    assert.equal((await step(id, 3, 2))?.released, 1);
    assert.deepEqual(await counts(id), { counted: 6, released: 6, skipped: 0, left: 0 });
  });

  it('skips what has changed without counting it as open, in the same step', async () => {
    await park(many(4));
    await park([{ destination: 'erp' }]);
    const id = await started();
    const { rows } = await pool.query<{ id: string }>(
      "select id from deliveries where destination = 'crm' order by finished_at, id limit 2",
    );
    for (const row of rows) await discardDelivery(pool, row.id, 'anna');
    assert.deepEqual(await step(id, 10, 2).then(one => [one?.released, one?.skipped]), [3, 2]);
    assert.deepEqual([await openOf('crm'), await openOf('erp')], [2, 1]);
  });

  it('goes on with a list of the release before, which names no destinations, in the order of that', async () => {
    const id = await startedToTwo();
    await pool.query("update replay_items set destination = ''");
    assert.equal((await step(id, 10, 4))?.released, 4);
    assert.deepEqual([await openOf('crm'), await openOf('erp')], [3, 1]);
    assert.equal((await step(id, 10, 4))?.released, 0);
    await deliver('crm');
    assert.equal((await step(id, 10, 4))?.released, 2);
    assert.deepEqual(await counts(id), { counted: 6, released: 6, skipped: 0, left: 0 });
  });

  it('leaves what somebody has locked for the next step', async () => {
    const [locked] = await park(many(2));
    const id = await started();
    const other = await pool.connect();
    try {
      await other.query('begin');
      await other.query('select from deliveries where id = $1 for update', [locked!.id]);
      await step(id, 10);
      assert.deepEqual(await counts(id), { counted: 2, released: 1, skipped: 0, left: 1 });
      await other.query('commit');
      await step(id, 10);
      assert.deepEqual(await counts(id), { counted: 2, released: 2, skipped: 0, left: 0 });
    } finally {
      other.release();
    }
  });

  it('is worked at by one at a time: the other one passes by', async () => {
    await park(many(1));
    const id = await started();
    const other = await pool.connect();
    try {
      await other.query('begin');
      await other.query('select from replays where id = $1 for update', [id]);
      assert.equal(await step(id, 10), null);
      await other.query('rollback');
    } finally {
      other.release();
    }
    assert.equal((await step(id, 10))?.released, 1);
  });

  it('lets one that blocks its key take its place: what waits goes behind it, and the key has one head (H1)', async () => {
    const [head] = await park([{ orderingKey: 'chat' }], true);
    const [waiting] = await storeDeliveries(pool, [{ orderingKey: 'chat' }]);
    await park([{ orderingKey: 'other' }]);
    const [liveOfOther] = await storeDeliveries(pool, [{ orderingKey: 'other' }]);
    const id = await started();
    await step(id, 10);
    assert.equal((await readDelivery(pool, head!.id)).state, 'due');
    assert.equal((await readDelivery(pool, waiting!.id)).state, 'waiting');
    assert.equal((await readDelivery(pool, liveOfOther!.id)).state, 'due');
    const claimed = await claim(pool);
    assert.equal(
      claimed.some(row => row.id === waiting!.id),
      false,
    );
    await recordOutcomes(
      pool,
      claimed.map(row => outcomeOf(row)),
    );
    assert.equal((await readDelivery(pool, waiting!.id)).state, 'due');
  });

  it('brings what was delivered back byte for byte, from all days, and nothing of another state', async () => {
    const rows = await storeDeliveries(pool, [
      { body: Buffer.from([0, 255, 10]) },
      { body: Buffer.from('two') },
      {},
    ]);
    const claimed = await claim(pool);
    await recordOutcomes(pool, [outcomeOf(claimed[0]!), outcomeOf(claimed[1]!)]);
    await recordOutcomes(pool, [outcomeOf(claimed[2]!, { state: 'parked', attempt: BUSY })]);
    await discardDelivery(pool, claimed[2]!.id, 'anna');
    await pool.query("update events set stored_day = '2026-01-02' where seq = $1", [rows[0]!.seq]);
    await pool.query("update finished_deliveries set stored_day = '2026-01-02' where id = $1", [rows[0]!.id]);
    const id = await started({ state: 'delivered' });
    await step(id, 1);
    assert.deepEqual(await counts(id), { counted: 2, released: 1, skipped: 0, left: 1 });
    await step(id, 10);
    assert.deepEqual(await counts(id), { counted: 2, released: 2, skipped: 0, left: 0 });
    const again = await claim(pool);
    assert.deepEqual(
      again.map(row => row.replay),
      [true, true],
    );
    const bodies = again.map(row => Buffer.from(row.body));
    assert.deepEqual(bodies, [Buffer.from([0, 255, 10]), Buffer.from('two')]);
    const { rows: sizes } = await pool.query('select body_bytes from deliveries order by seq');
    assert.deepEqual(sizes, [{ body_bytes: 3 }, { body_bytes: 3 }]);
    assert.equal((await announce({ state: 'discarded' }))?.counted, 1);
  });

  it('keeps its rate where PostgreSQL’s clock was set back', async () => {
    await park(many(8));
    const id = await started();
    await pool.query("update replays set paced_at = clock_timestamp() + interval '1 day'");
    await step(id, 2);
    const { rows } = await pool.query<{ sinceMs: number }>(
      'select extract(epoch from clock_timestamp() - paced_at)::float8 * 1000 as "sinceMs" from replays where id = $1',
      [id],
    );
    const sinceMs = rows[0]?.sinceMs ?? Number.NaN;
    assert.ok(sinceMs >= 960 && sinceMs < 10_000, `${sinceMs} ms of the window are left`);
  });

  it('sees a failed trickle, the time of its rate, and what is open of it', async () => {
    await park(many(8));
    const id = await started();
    await pool.query("update replays set paced_at = clock_timestamp() - interval '1 minute'");
    const looks: ReplaySeen[] = [];
    const look = async () => {
      await stepReplay(pool, id, seen => {
        looks.push(seen);
        return { kind: 'wait', for: 'rate' };
      });
      return looks.at(-1)!;
    };
    const { sinceMs, ...before } = await look();
    assert.ok(sinceMs >= 60_000);
    const none = { size: 5, sent: 0, open: 0, failure: null };
    assert.deepEqual(before, { state: 'trickle', ratePerS: 50, left: 8, trickle: none });
    await step(id, 2);
    const released = await look();
    assert.ok(
      released.sinceMs < 10_000 && released.sinceMs >= 960,
      `${released.sinceMs} ms of the window are left`,
    );
    assert.deepEqual(released.trickle, { ...none, sent: 2, open: 2 });
    const [first, second] = await claim(pool);
    await recordOutcomes(pool, [outcomeOf(first!)]);
    assert.deepEqual((await look()).trickle, { ...none, sent: 2, open: 1 });
    await recordOutcomes(pool, [outcomeOf(second!, { state: 'due', attempt: { ...BUSY, status: 500 } })]);
    assert.equal((await look()).trickle.failure, 'crm 500');
    await stepReplay(pool, id, () => ({ kind: 'stop', reason: 'crm 500' }));
    const stopped = await readReplay(pool, id);
    assert.deepEqual([stopped?.state, stopped?.reason, stopped?.left], ['stopped', 'crm 500', 6]);
    assert.equal(await step(id, 1), null);
    await changeReplay(pool, id, { change: 'continue', actor: 'anna' });
    assert.deepEqual((await look()).trickle, none, 'with a new trickle');
    await stepReplay(pool, id, () => ({ kind: 'run' }));
    await step(id, 10);
    await stepReplay(pool, id, () => ({ kind: 'done' }));
    const done = await readReplay(pool, id);
    assert.deepEqual([done?.state, done?.left, done?.finishedAt instanceof Date], ['done', 0, true]);
  });

  it('takes a trickle that was discarded as failed, unless it is sent once more', async () => {
    await park(many(3));
    const id = await started();
    await step(id, 2);
    for (const row of await claim(pool)) {
      await recordOutcomes(pool, [outcomeOf(row, { state: 'parked', attempt: { ...BUSY, status: 500 } })]);
    }
    const { rows } = await pool.query<{ id: string }>('select unnest(trickle_ids) as id from replays');
    for (const row of rows) await discardDelivery(pool, row.id, 'anna');
    const looks: ReplaySeen['trickle'][] = [];
    const look = async () => {
      await stepReplay(pool, id, ({ trickle }) => {
        looks.push(trickle);
        return { kind: 'wait', for: 'deliveries' };
      });
      return looks.at(-1);
    };
    const failed = { size: 5, sent: 2, open: 0, failure: 'crm 500' };
    assert.deepEqual(await look(), failed);
    const [one, two] = rows;
    await replayDelivery(pool, one!.id, 'anna');
    assert.deepEqual(await look(), { ...failed, open: 1 });
    await replayDelivery(pool, two!.id, 'anna');
    assert.deepEqual(await look(), { ...failed, open: 2, failure: null });
    for (const row of await claim(pool)) await recordOutcomes(pool, [outcomeOf(row)]);
    assert.deepEqual(await look(), { ...failed, failure: null });
  });

  it('releases nothing once it is cancelled, whose list goes later (Y4)', async () => {
    await park(many(4));
    const id = await started();
    await step(id, 1);
    const cancelled = await changeReplay(pool, id, { change: 'cancel', actor: 'carl' });
    assert.equal(cancelled.kind, 'changed');
    assert.equal(await step(id, 10), null);
    assert.deepEqual(await counts(id), { counted: 4, released: 1, skipped: 0, left: 3 });
    assert.equal(await sweepReplays(pool, 'processor@one'), false);
    assert.equal(await countOf('replay_items'), 0);
    assert.equal((await readReplay(pool, id))?.left, 3);
    assert.deepEqual(await changeReplay(pool, id, { change: 'cancel', actor: 'carl' }), {
      kind: 'refused',
      state: 'cancelled',
    });
    assert.deepEqual(await changeReplay(pool, randomUUID(), { change: 'start', actor: 'carl' }), {
      kind: 'not-found',
    });
    assert.deepEqual(
      (await listAudit(pool, { limit: 10 })).map(({ actor, action, subject, details }) => [
        actor,
        action,
        subject,
        details,
      ]),
      [
        ['carl', 'replay.cancelled', id, { before: 'trickle', after: 'cancelled', released: 1, left: 3 }],
        ['bert', 'replay.started', id, { before: 'announced', after: 'trickle', released: 0, left: 4 }],
        ['anna', 'replay.announced', id, { state: 'parked', deliveries: 4 }],
      ],
    );
  });

  it('that is started at the moment when it would be forgotten about goes on', async () => {
    await park(many(1));
    const replay = await announce();
    await pool.query("update replays set changed_at = now() - interval '2 hours'");
    const person = await pool.connect();
    try {
      await person.query('begin');
      await person.query("update replays set state = 'trickle', changed_at = clock_timestamp()");
      const swept = sweepReplays(pool, 'processor@one');
      await waitFor(
        async () => {
          const text =
            "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
          return (await pool.query(text)).rowCount === 1;
        },
        { what: 'the sweep at its row' },
      );
      await person.query('commit');
      await swept;
    } finally {
      person.release();
    }
    assert.equal((await readReplay(pool, replay!.id))?.state, 'trickle');
  });

  it('that is cancelled while it is counted ends there', async () => {
    await parkRows(20_000);
    const one = openPool(database.url, 1); // what is asked between two pages comes between them
    const asked: Promise<unknown>[] = [];
    try {
      const replay = await announceReplay(one, {
        filter: { state: 'parked' },
        actor: 'anna',
        ratePerS: 50,
        trickle: 5,
        onProgress() {
          if (asked.length === 0) asked.push(one.query("update replays set state = 'cancelled'"));
        },
      });
      await Promise.all(asked);
      assert.deepEqual([replay?.state, replay?.counted], ['cancelled', 10_000]);
    } finally {
      await one.end();
    }
  });

  it('that is counted for hours is not taken for a forgotten one', async () => {
    await parkRows(20_000);
    const one = openPool(database.url, 1); // what is asked between two pages comes between them
    const asked: Promise<unknown>[] = [];
    try {
      const replay = await announceReplay(one, {
        filter: { state: 'parked' },
        actor: 'anna',
        ratePerS: 50,
        trickle: 5,
        onProgress(counted) {
          asked.push(
            counted === 10_000
              ? one.query("update replays set changed_at = now() - interval '2 hours'")
              : sweepReplays(one, 'processor@one'),
          );
        },
      });
      await Promise.all(asked);
      assert.deepEqual([replay?.state, replay?.counted], ['announced', 20_000]);
    } finally {
      await one.end();
    }
  });

  it('that nobody started is cancelled after an hour, by the processor', async () => {
    await park(many(1));
    const replay = await announce();
    await sweepReplays(pool, 'processor@one');
    assert.equal((await readReplay(pool, replay!.id))?.state, 'announced');
    await pool.query("update replays set changed_at = now() - interval '61 minutes'");
    await sweepReplays(pool, 'processor@one');
    assert.equal((await readReplay(pool, replay!.id))?.state, 'cancelled');
    assert.equal((await listAudit(pool, { limit: 1 }))[0]?.actor, 'processor@one');
  });

  it('keeps the days of what it has left from being dropped, until it is cancelled', async () => {
    const rows = await storeDeliveries(pool, [{}, {}]);
    const claimed = await claim(pool);
    await recordOutcomes(
      pool,
      claimed.map(row => outcomeOf(row)),
    );
    const day = '2026-01-02';
    await pool.query('update events set stored_day = $1', [day]);
    await pool.query(
      "update finished_deliveries set stored_day = $1, finished_at = now() - interval '2 days'",
      [day],
    );
    assert.deepEqual(await listExpiredDays(pool, 30), [day]);
    const id = await started({ state: 'delivered' });
    assert.deepEqual(await listExpiredDays(pool, 30), []);
    await sweepAllKept(pool, 30);
    assert.equal(await countOf('finished_deliveries'), 2);
    await step(id, 1);
    assert.deepEqual(await listExpiredDays(pool, 30), []);
    await changeReplay(pool, id, { change: 'cancel', actor: 'anna' });
    assert.deepEqual(await listExpiredDays(pool, 30), [day]);
    await dropDay(pool, day, { signal: ON });
    assert.equal(await countOf('events'), 0);
    assert.equal((await claim(pool)).length, 1);
    assert.equal(rows.length, 2);
  });

  it('skips what went with its day', async () => {
    await storeDeliveries(pool, [{}]);
    const [row] = await claim(pool);
    await recordOutcomes(pool, [outcomeOf(row!)]);
    const id = await started({ state: 'delivered' });
    await pool.query('delete from finished_deliveries');
    await step(id, 10);
    assert.deepEqual(await counts(id), { counted: 1, released: 0, skipped: 1, left: 0 });
  });
});
