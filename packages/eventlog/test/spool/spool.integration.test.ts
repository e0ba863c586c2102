import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { waitFor } from '@ackline/testkit/wait-for';
import { sampleEvent } from '../event-sample.ts';
import { appendAll, code, eventsOf, idsOf, place, SpoolBench, TakingTarget } from './spool-fixture.ts';

describe('spool', () => {
  it('gives back, after a new start, every byte of what it took, in order', async () => {
    await using bench = new SpoolBench();
    const events = [
      ...eventsOf(50, { body: Buffer.from([0, 1, 254, 255, 10]) }),
      sampleEvent({ body: Buffer.alloc(0) }),
      sampleEvent({ orderingKey: null, body: Buffer.alloc(3 * 1024 * 1024, 0xa5) }),
    ];
    const first = await bench.open();
    for (const [i, event] of events.entries()) {
      assert.deepEqual(await first.append(event, { ...place, afterOffset: BigInt(i) }), { tier: 'spool' });
    }
    await first.close();
    const second = await bench.open();
    assert.equal(second.snapshot().events, events.length);
    const target = new TakingTarget();
    bench.relay(second, target);
    await waitFor(() => target.taken.length === events.length);
    const byId = new Map(target.taken.map(taken => [taken.event.id, taken]));
    for (const [i, event] of events.entries()) {
      assert.deepEqual({ ...byId.get(event.id)?.event, body: undefined }, { ...event, body: undefined });
      assert.ok(Buffer.from(byId.get(event.id)?.event.body ?? []).equals(event.body));
      assert.equal(byId.get(event.id)?.afterOffset, BigInt(i));
    }
  });

  it('makes no file and starts no thread before the first event', async () => {
    await using bench = new SpoolBench();
    let started = 0;
    const spool = await bench.open({}, () => {
      started += 1;
      throw new Error('not needed');
    });
    assert.equal(spool.snapshot().state, 'ready');
    await spool.close();
    assert.equal(started, 0);
    assert.deepEqual(bench.files(), []);
  });

  it('has its file open once it is warm, and removes it unused', async () => {
    await using bench = new SpoolBench();
    const spool = await bench.open();
    spool.warm();
    await waitFor(() => bench.databases().length === 1);
    await spool.append(sampleEvent(), place);
    assert.equal(bench.databases().length, 1);
    const unused = await bench.open({ directory: join(bench.directory, 'unused') });
    unused.warm();
    await unused.close();
    assert.deepEqual(new SpoolBench(join(bench.directory, 'unused')).files(), []);
  });

  it('lets its thread and file go after a long quiet time, and has both again for the next event', async () => {
    await using bench = new SpoolBench();
    const clock = { now: 1_000_000_000 };
    const spool = await bench.open({ now: () => clock.now });
    const target = new TakingTarget();
    bench.relay(spool, target);
    await spool.append(sampleEvent(), place);
    await waitFor(() => spool.snapshot().events === 0);
    clock.now += 9 * 60_000;
    spool.warm(); // something above is in trouble still
    clock.now += 9 * 60_000;
    await spool.append(sampleEvent(), place);
    await waitFor(() => spool.snapshot().events === 0);
    assert.equal(bench.databases().length, 1);
    clock.now += 10 * 60_000;
    await waitFor(() => bench.files().length === 0);
    assert.equal(spool.snapshot().state, 'ready');
    const events = eventsOf(3);
    await appendAll(spool, events);
    await waitFor(() => target.taken.length === 5);
    assert.deepEqual(target.ids.slice(2), idsOf(events));
    assert.equal(bench.databases().length, 1);
  });

  it('keeps its directory and files to their owner', async () => {
    await using bench = new SpoolBench();
    const directory = join(bench.directory, 'deep', 'spool');
    const spool = await bench.open({ directory });
    await spool.append(sampleEvent(), place);
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    const file = join(directory, spool.snapshot().events === 1 ? onlyDatabase(directory) : '');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(`${file}-wal`).mode & 0o777, 0o600);
  });

  it('removes its file when it closes with nothing in it, and keeps it with something', async () => {
    await using bench = new SpoolBench();
    const target = new TakingTarget();
    const spool = await bench.open();
    await appendAll(spool, eventsOf(3));
    const relay = bench.relay(spool, target);
    await waitFor(() => spool.snapshot().events === 0);
    assert.equal(spool.snapshot().relayed, 3);
    await relay.close();
    await spool.close();
    assert.deepEqual(bench.files(), []);
    const again = await bench.open();
    await appendAll(again, eventsOf(1));
    await again.close();
    assert.equal(bench.databases().length, 1);
  });

  it('refuses at once above its bytes, keeps what is there, and is ready again when that is drained', async () => {
    await using bench = new SpoolBench();
    const spool = await bench.open({ maxBytes: 2 * 1024 * 1024 });
    const kept: string[] = [];
    const body = Buffer.alloc(100_000, 7);
    await waitFor(async () => {
      const event = sampleEvent({ body });
      try {
        await spool.append(event, place);
        kept.push(event.id);
        return false;
      } catch (error) {
        return code('ACKLINE_NOT_DURABLE')(error);
      }
    });
    const full = spool.snapshot();
    assert.equal(full.state, 'full');
    assert.ok(full.bytes <= full.maxBytes, `${full.bytes} of ${full.maxBytes}`);
    assert.ok(kept.length >= 5, `${kept.length} events found room`);
    const target = new TakingTarget();
    bench.relay(spool, target);
    await waitFor(() => spool.snapshot().state === 'ready');
    await waitFor(() => spool.snapshot().events === 0);
    assert.deepEqual(target.ids, kept);
    await spool.append(sampleEvent({ body }), place);
  });

  it('counts the files of others into its bytes', async () => {
    await using bench = new SpoolBench();
    const other = await bench.open();
    await appendAll(other, eventsOf(20, { body: Buffer.alloc(100_000) }));
    const spool = await bench.open({ maxBytes: 1024 * 1024 });
    assert.ok(spool.snapshot().bytes > 2_000_000);
    await assert.rejects(spool.append(sampleEvent(), place), code('ACKLINE_NOT_DURABLE'));
    assert.equal(spool.snapshot().state, 'full');
  });

  it('refuses while its oldest event is too old, and not once that is drained', async () => {
    await using bench = new SpoolBench();
    let now = 1_000_000;
    const spool = await bench.open({ maxAgeMs: 60_000, now: () => now });
    await spool.append(sampleEvent(), place);
    now += 60_000;
    await spool.append(sampleEvent(), place);
    now += 1;
    assert.equal(spool.snapshot().state, 'too_old');
    assert.equal(spool.snapshot().oldestAgeMs, 60_001);
    await assert.rejects(spool.append(sampleEvent(), place), code('ACKLINE_NOT_DURABLE'));
    const target = new TakingTarget();
    bench.relay(spool, target);
    await waitFor(() => target.taken.length === 2 && spool.snapshot().state === 'ready');
    await spool.append(sampleEvent(), place);
  });

  it('writes many events that come together in few transactions, in the order of appending', async () => {
    await using bench = new SpoolBench();
    const spool = await bench.open();
    const events = eventsOf(3_000);
    await appendAll(spool, events);
    const target = new TakingTarget();
    bench.relay(spool, target);
    await waitFor(() => target.taken.length === events.length);
    assert.deepEqual(target.ids, idsOf(events));
  });

  it('refuses an event that no log can hold, and takes the next', async () => {
    await using bench = new SpoolBench();
    const spool = await bench.open();
    await assert.rejects(
      spool.append(sampleEvent({ type: 'half \ud800' }), place),
      code('ACKLINE_ENVELOPE_INVALID'),
    );
    await spool.append(sampleEvent(), place);
  });

  it('writes what is pending when it closes, and takes no more', async () => {
    await using bench = new SpoolBench();
    const spool = await bench.open();
    const pending = eventsOf(200).map(event => spool.append(event, place));
    const closed = spool.close();
    await assert.rejects(spool.append(sampleEvent(), place), code('ACKLINE_LOG_CLOSED'));
    await Promise.all([...pending, closed]);
    assert.equal((await bench.open()).snapshot().events, 200);
  });

  it('settles an append by its deadline when the thread does not answer', async () => {
    await using bench = new SpoolBench();
    const { Worker } = await import('node:worker_threads');
    const spool = await bench.open({}, () => {
      const worker = new Worker(
        'require("node:worker_threads").parentPort.on("message", m => { if (m.request.kind === "close") process.exit(); })',
        { eval: true },
      );
      return worker;
    });
    await assert.rejects(
      spool.append(sampleEvent(), { ...place, deadlineMs: 50 }),
      code('ACKLINE_APPEND_TIMEOUT'),
    );
    await waitFor(() => spool.snapshot().state === 'failed');
    await assert.rejects(spool.append(sampleEvent(), place), code('ACKLINE_NOT_DURABLE'));
  });

  it('opens on a disk that does not answer, says so, and takes what others left once it does', async () => {
    await using bench = new SpoolBench();
    const dead = await bench.open();
    await appendAll(dead, eventsOf(5));
    await dead.close();
    const { Worker } = await import('node:worker_threads');
    const gate = new Int32Array(new SharedArrayBuffer(4));
    const spool = await bench.open({}, workerData => {
      const path = new URL('../../src/spool/spool-worker.ts', import.meta.url).href;
      const waitThenServe = `Atomics.wait(require('node:worker_threads').workerData.gate, 0, 0); import('${path}');`;
      return new Worker(waitThenServe, { eval: true, workerData: { ...workerData, gate } });
    });
    assert.equal(spool.snapshot().events, 0);
    await waitFor(() => spool.snapshot().state === 'failed');
    await assert.rejects(spool.append(sampleEvent(), place), code('ACKLINE_NOT_DURABLE'));
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    await waitFor(() => spool.snapshot().events === 5 && spool.snapshot().state === 'ready');
    await spool.append(sampleEvent(), place);
  });

  it('goes on in a new thread when one ends, with every event that it had confirmed', async () => {
    await using bench = new SpoolBench();
    const { Worker } = await import('node:worker_threads');
    const workers: InstanceType<typeof Worker>[] = [];
    const spool = await bench.open({}, workerData => {
      const worker = new Worker(new URL('../../src/spool/spool-worker.ts', import.meta.url), { workerData });
      workers.push(worker);
      return worker;
    });
    const before = eventsOf(100);
    await appendAll(spool, before);
    await workers[0]?.terminate();
    assert.equal(spool.snapshot().state, 'failed');
    await assert.rejects(spool.append(sampleEvent(), place), code('ACKLINE_NOT_DURABLE'));
    await waitFor(() => spool.snapshot().state === 'ready');
    assert.equal(workers.length, 2);
    const after = sampleEvent();
    await spool.append(after, place);
    const target = new TakingTarget();
    bench.relay(spool, target);
    await waitFor(() => target.taken.length === 101);
    assert.deepEqual(new Set(target.ids), new Set([...idsOf(before), after.id]));
    await waitFor(() => bench.databases().length === 1);
  });
});

function onlyDatabase(directory: string): string {
  const names = new SpoolBench(directory).databases();
  assert.equal(names.length, 1);
  return names[0] ?? '';
}
