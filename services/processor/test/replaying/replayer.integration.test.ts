import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { announceReplay } from '@ackline/store/replay-count';
import { changeReplay, type ReplayProgress, readReplay } from '@ackline/store/replays';
import { createPool } from '@ackline/store/pool';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { type FakeReceiver, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { freePort } from '@ackline/testkit/free-port';
import { type SpawnedService, spawnService } from '@ackline/testkit/spawn-service';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { createReplayer } from '../../src/replaying/replayer.ts';
import { destinationConfig } from '../configs.ts';
import { type RunningDelivery, runDelivery } from '../delivery/running-delivery.ts';
import { appendToInbox, openPool, sampleEvent } from '../events.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const quiet = { info() {}, warn() {}, error() {} } as never;
const metrics = { replays: () => undefined };

let database: TestDatabase;
let pool: Pool;
let receiver: FakeReceiver;
before(async () => {
  database = await createTestDatabase();
  pool = openPool(database.url);
});
beforeEach(async () => {
  receiver = await startFakeReceiver();
  await pool.query(
    'truncate inbox, event_keys, events, deliveries, finished_deliveries, replays, replay_items, audit, processors',
  );
});
afterEach(() => receiver.close());
after(async () => {
  await pool.end();
  await database.close();
});

const bodiesOf = (count: number) => Array.from({ length: count }, (_, n) => `{"n":${n}}`);
const events = (count: number) => bodiesOf(count).map(text => sampleEvent({ body: Buffer.from(text) }));

async function announce(ratePerS: number): Promise<string> {
  const filter = { state: 'parked' } as const;
  const replay = await announceReplay(pool, { filter, actor: 'anna', ratePerS, trickle: 5 });
  assert.ok(replay);
  return replay.id;
}
async function start(ratePerS: number): Promise<string> {
  const id = await announce(ratePerS);
  await changeReplay(pool, id, { change: 'start', actor: 'anna' });
  return id;
}
async function progress(id: string): Promise<ReplayProgress> {
  const found = await readReplay(pool, id);
  assert.ok(found);
  return found;
}
const until = (id: string, is: (replay: ReplayProgress) => boolean, what: string) =>
  waitFor(async () => is(await progress(id)), { what, timeoutMs: 60_000 });
const untilParked = (count: number) =>
  waitFor(
    async () => {
      const { rows } = await pool.query("select 1 from deliveries where state = 'parked'");
      return rows.length === count;
    },
    { what: `${count} parked`, timeoutMs: 60_000 },
  );

describe('a replayer', () => {
  let running: RunningDelivery | null = null;
  let replaying: { stop(): Promise<void> } | null = null;
  let said: object[] = [];
  afterEach(async () => {
    await replaying?.stop();
    await running?.stop(0);
    running = null;
    replaying = null;
  });

  /** Parks so many at a destination that fails, then begins to replay. */
  async function parked(count: number): Promise<void> {
    receiver.always({ status: 503 });
    const destination = destinationConfig({ url: receiver.url, retry: { scheduleMs: [1], jitter: 'none' } });
    running = await runDelivery({ pool, destinations: [destination] });
    await running.store(events(count));
    await untilParked(count);
    receiver.clear();
  }
  function replay(): void {
    said = [];
    const ending = new AbortController();
    const replayer = createReplayer({
      pool,
      log: { ...(quiet as object), info: (fields: object) => void said.push(fields) } as never,
      onReleased: () => running?.delivery.dispatcher.wake(),
      metrics,
    });
    const ended = replayer.run(ending.signal);
    replaying = {
      async stop() {
        ending.abort();
        await ended;
      },
    };
  }
  const isMarked = (request: FakeReceiver['requests'][number]) =>
    request.rawHeaders.some(([name, value]) => name === 'webhook-replay' && value === 'true');

  it('sends the trickle, and the others only when it has arrived; each once, marked, until none is left', async () => {
    await parked(30);
    receiver.always({ hang: true });
    const id = await start(1_000);
    replay();
    await waitFor(() => receiver.requests.length > 0);
    await until(id, ({ released }) => released === 5, 'the trickle');
    const held = await progress(id);
    assert.deepEqual([held.state, held.left], ['trickle', 25]);
    receiver.always({ status: 200 });
    await running?.delivery.drain(0); // what hangs is given back
    await running?.stop(0);
    running = await runDelivery({ pool, destinations: [destinationConfig({ url: receiver.url })] });
    const before = receiver.requests.length;
    await until(id, ({ state, open }) => state === 'done' && open === 0, 'its end');
    const after = await progress(id);
    const counts = { counted: 30, released: 30, skipped: 0, left: 0 };
    assert.deepEqual([after.counted, after.released, after.skipped, after.left], Object.values(counts));
    await waitFor(() => said.length === 2);
    assert.deepEqual(said, [{ replay: id }, { replay: id, ...counts, parkedAgain: 0 }]);
    const got = receiver.requests.slice(before);
    assert.deepEqual(got.map(({ body }) => body.toString()).toSorted(), bodiesOf(30).toSorted());
    assert.ok(receiver.requests.every(isMarked));
  });

  it('stops where the trickle fails, with the reason; continued after the repair it sends the rest', async () => {
    await parked(20);
    const id = await start(100_000); // so that the first step is late enough for all of the trickle
    replay();
    await until(id, ({ state }) => state === 'stopped', 'its stop');
    const stopped = await progress(id);
    assert.equal(stopped.reason, 'crm 503');
    assert.ok(stopped.released <= 5, `${stopped.released} of the trickle`);
    assert.equal(stopped.left, 20 - stopped.released);
    await untilParked(20);
    receiver.always({ status: 200 });
    receiver.clear();
    await changeReplay(pool, id, { change: 'continue', actor: 'anna' });
    await until(id, ({ state, open }) => state === 'done' && open === 0, 'its end');
    const { counted, released, parkedAgain } = await progress(id);
    assert.deepEqual([counted, released, parkedAgain], [20, 20, stopped.released]);
    assert.equal(receiver.requests.length, stopped.left);
  });

  it('sends no more than a batch once it is cancelled', async () => {
    await parked(300);
    receiver.always({ status: 200 });
    const id = await start(10_000);
    replay();
    await until(id, ({ state, released }) => state === 'running' && released > 5, 'its first batch');
    receiver.always({ hang: true });
    const sent = receiver.requests.length;
    await changeReplay(pool, id, { change: 'cancel', actor: 'anna' });
    const cancelled = await progress(id);
    assert.ok(cancelled.open <= 100, `${cancelled.open} open`);
    receiver.always({ status: 200 });
    await running?.delivery.drain(0);
    await running?.stop(0);
    running = await runDelivery({ pool, destinations: [destinationConfig({ url: receiver.url })] });
    await until(id, ({ open }) => open === 0, 'what was released');
    const { released, left, counted } = await progress(id);
    assert.deepEqual([released, left + released], [cancelled.released, counted]);
    assert.ok(new Set(receiver.requests.slice(sent).map(({ body }) => body.toString())).size <= 100);
  });
});

describe('a round of the replayer', () => {
  async function started(destination: string, count = 1): Promise<string> {
    await pool.query(
      `insert into deliveries (id, stored_day, seq, event_id, source, tenant, route, destination, priority, state, finished_at)
       select gen_random_uuid(), current_date, n, gen_random_uuid(), 's', 't', 'r', $1, 'normal', 'parked', now()
         from generate_series(1, $2::int) n`,
      [destination, count],
    );
    const filter = { state: 'parked', destination } as const;
    const replay = await announceReplay(pool, { filter, actor: 'anna', ratePerS: 50, trickle: 5 });
    assert.ok(replay);
    await changeReplay(pool, replay.id, { change: 'start', actor: 'anna' });
    await pool.query("update replays set paced_at = now() - interval '1 minute'");
    return replay.id;
  }

  it('takes the step of each replay, also where the one before fails (A6)', async () => {
    const failing = await started('crm');
    const other = await started('erp');
    const impatient = createPool({
      connectionString: database.url,
      applicationName: 'replayer-test',
      max: 1,
      limitMs: 300,
      onError: () => undefined,
    });
    const locker = await pool.connect();
    try {
      await locker.query('begin');
      await locker.query('select from replay_items where replay_id = $1 for update', [failing]);
      const errors: unknown[] = [];
      const log = { ...(quiet as object), error: (fields: unknown) => errors.push(fields) } as never;
      await createReplayer({ pool: impatient, log, onReleased: () => undefined, metrics }).round();
      assert.equal(errors.length, 1);
    } finally {
      await locker.query('rollback');
      locker.release();
      await impatient.end();
    }
    assert.deepEqual([(await progress(failing)).released, (await progress(other)).released], [0, 1]);
  });

  const startedMany = async (count: number, from: string) => {
    const ids: string[] = [];
    for (let n = 0; n < count; n++) ids.push(await started(`${from}-${n}`));
    return ids;
  };
  const releasedOf = async (ids: readonly string[]) =>
    (await Promise.all(ids.map(progress))).filter(({ released }) => released === 1).length;

  it('comes to one behind twenty whose trickles are held (A6)', async () => {
    const held = await startedMany(20, 'paused'); // nobody sends here: what is released stays due
    const replayer = createReplayer({ pool, log: quiet, onReleased: () => undefined, metrics });
    await replayer.round();
    assert.equal(await releasedOf(held), 20);
    await replayer.round();
    const behind = await started('erp');
    for (let n = 0; n < 3; n++) await replayer.round();
    assert.equal(await releasedOf([behind]), 1);
    assert.deepEqual(
      [(await progress(held[0]!)).state, (await progress(behind)).state],
      ['trickle', 'trickle'],
    );
  });

  it('leaves what is beyond its steps to the next one, and begins anew behind the last (A6)', async () => {
    const ids = await startedMany(41, 'slow');
    const replayer = createReplayer({ pool, log: quiet, onReleased: () => undefined, metrics });
    const rounds: number[] = [];
    for (let n = 0; n < 3; n++) {
      assert.equal(await replayer.round(), true);
      rounds.push(await releasedOf(ids));
    }
    assert.deepEqual(rounds, [20, 40, 41]);
  });

  it('goes on with other destinations where a hundred are open at one that takes no work (A6, Y5)', async () => {
    const paused = await started('paused', 150);
    await changeReplay(pool, paused, { change: 'cancel', actor: 'anna' });
    await started('erp', 30).then(id => changeReplay(pool, id, { change: 'cancel', actor: 'anna' }));
    const id = await start(10_000);
    await pool.query("update replays set state = 'running' where id = $1", [id]); // nobody sends, so no trickle arrives
    const replayer = createReplayer({ pool, log: quiet, onReleased: () => undefined, metrics });
    await waitFor(async () => {
      await pool.query("update replays set paced_at = now() - interval '1 minute'");
      await replayer.round();
      return (await progress(id)).released === 130;
    });
    const { rows } = await pool.query(
      `select destination, count(*)::int from deliveries where state = 'due' group by destination order by 1`,
    );
    assert.deepEqual(rows, [
      { destination: 'erp', count: 30 },
      { destination: 'paused', count: 100 },
    ]);
  });

  it('ends with the step in hand where the process is to stop', async () => {
    const [first, second] = [await started('crm'), await started('erp')];
    const ending = new AbortController();
    const onReleased = () => ending.abort();
    await createReplayer({ pool, log: quiet, onReleased, metrics }).run(ending.signal);
    assert.deepEqual([(await progress(first)).released, (await progress(second)).released], [1, 0]);
  });
});

describe('a processor that ends in the middle of a replay', () => {
  let folder: string;
  let opsUrl = '';
  async function waitForMetrics(line: RegExp): Promise<string> {
    let text = '';
    await waitFor(
      async () => {
        text = await (await fetch(`${opsUrl}/metrics`)).text();
        return line.test(text);
      },
      { what: String(line), timeoutMs: 60_000 },
    );
    return text;
  }
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ackline-replaying-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function startProcessor(): Promise<SpawnedService> {
    await writeFile(
      join(folder, 'ackline.yaml'),
      `sources:
  - { name: telegram, provider: telegram, path: /webhook/telegram, secrets: [{ env: WEBHOOK_SECRET_TOKEN }] }
routes:
  - { name: all, destination: crm }
destinations:
  - name: crm
    type: http
    url: ${receiver.url}/hook
    concurrency: 50
    retry: { schedule: [1ms], jitter: none }
    breaker: { failures: 1000 }
`,
    );
    const port = await freePort();
    opsUrl = `http://127.0.0.1:${port}`;
    return spawnService(MAIN, {
      cwd: folder,
      readyUrl: `http://127.0.0.1:${port}/readyz`,
      env: { DATABASE_URL: database.url, OPS_HOST: '127.0.0.1', OPS_PORT: String(port) },
    });
  }

  /** Stops the batch with the item `n` between its release and its note, until the callback has ended. */
  async function insideBatch(
    id: string,
    n: number,
    then: (release: () => Promise<void>) => Promise<void>,
  ): Promise<void> {
    const locker = await pool.connect();
    try {
      await locker.query('begin');
      const locked = await locker.query(
        'select from replay_items where replay_id = $1 and n = $2 for update',
        [id, n],
      );
      assert.equal(locked.rowCount, 1);
      await changeReplay(pool, id, { change: 'start', actor: 'anna' });
      await waitFor(async () => (await stepping()) > 0, { what: 'a batch under way', timeoutMs: 60_000 });
      await then(async () => void (await locker.query('rollback')));
    } finally {
      locker.release();
    }
  }
  /** Processors in the middle of a batch. */
  async function stepping(): Promise<number> {
    const { rowCount } = await pool.query(
      `select from pg_stat_activity where datname = current_database() and application_name = 'ackline-processor'
          and wait_event_type = 'Lock' and query like 'delete from replay_items%'`,
    );
    return rowCount ?? 0;
  }
  const processorsConnected = async () => {
    const { rowCount } = await pool.query(
      `select from pg_stat_activity where datname = current_database() and application_name = 'ackline-processor'`,
    );
    return rowCount ?? 0;
  };
  /** Parks so many, and gives the processor that did. */
  async function parkedBy(count: number): Promise<SpawnedService> {
    receiver.always({ status: 503 });
    await appendToInbox(pool, events(count));
    const processor = await startProcessor();
    await untilParked(count);
    receiver.always({ status: 200 });
    receiver.clear();
    return processor;
  }
  const bodiesGot = () => receiver.requests.map(({ body }) => body.toString()).toSorted();

  async function finishesOnce(id: string, count: number): Promise<void> {
    const next = await startProcessor();
    try {
      await until(id, ({ state, open }) => state === 'done' && open === 0, 'its end');
      const { counted, released, skipped } = await progress(id);
      assert.deepEqual([counted, released, skipped], [count, count, 0]);
      assert.deepEqual(bodiesGot(), bodiesOf(count).toSorted());
    } finally {
      await next.stop();
    }
  }

  it('by kill -9 inside a batch has released nothing of it: the next one does, each once', async () => {
    const killed = await parkedBy(60);
    const id = await announce(1_000);
    await insideBatch(id, 8, async release => {
      await killed.stop('SIGKILL');
      await release();
      await waitFor(async () => (await processorsConnected()) === 0, { what: 'the end of its transactions' });
    });
    const { released, left, open, skipped } = await progress(id);
    assert.deepEqual([released, left, open, skipped], [5, 55, 0, 0], 'the trickle alone');
    await finishesOnce(id, 60);
  });

  it('by SIGTERM ends with its batch, gives the replay back, and leaves the rest to the next one', async () => {
    const stopped = await parkedBy(60);
    const id = await announce(10);
    await insideBatch(id, 8, async release => {
      stopped.kill('SIGTERM');
      await waitFor(() => stopped.output().includes('drain.started'), { what: 'its drain' });
      await release();
      assert.deepEqual(await stopped.exited, { code: 0, signal: null });
    });
    const { state, released, left, open } = await progress(id);
    assert.equal(state, 'running');
    assert.equal(released + left, 60);
    assert.ok(released >= 8 && released <= 18, `${released} released: no batch after the one in hand`);
    assert.equal(bodiesGot().length + open, released);
    await pool.query('select from replays where id = $1 for update nowait', [id]);
    await finishesOnce(id, 60);
  });

  it('tells in its metrics how its replays go', async () => {
    const processor = await parkedBy(20);
    try {
      receiver.always({ hang: true });
      const id = await start(1_000);
      await until(id, ({ open }) => open === 5, 'its trickle');
      const text = await waitForMetrics(/ackline_replay_items\{state="trickle",result="under_way",.*\} 5\n/);
      assert.match(text, /ackline_replay_items\{state="trickle",result="left",.*\} 15\n/);
      assert.match(text, /ackline_replay_progress_ratio\{state="trickle",.*\} 0\.25\n/);
    } finally {
      await processor.stop('SIGKILL');
    }
  });

  it('is followed by the next one, which goes on where it was: all of it is released once', async () => {
    const killed = await parkedBy(60);
    const id = await start(30);
    await until(id, ({ state, released }) => state === 'running' && released >= 10, 'a part of it');
    await killed.stop('SIGKILL');
    const before = await progress(id);
    assert.ok(before.left > 0);
    await pool.query("update deliveries set lease_until = now() where state = 'leased'"); // instead of 40 s
    const next = await startProcessor();
    try {
      await until(id, ({ state, open }) => state === 'done' && open === 0, 'its end');
      const { counted, released, skipped } = await progress(id);
      assert.deepEqual([counted, released, skipped], [60, 60, 0]);
      const got = new Set(receiver.requests.map(({ body }) => body.toString()));
      assert.deepEqual([...got].toSorted(), bodiesOf(60).toSorted());
    } finally {
      await next.stop();
    }
  });
});
