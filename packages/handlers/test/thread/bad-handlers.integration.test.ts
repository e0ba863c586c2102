import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { waitFor } from '@ackline/testkit/wait-for';
import type { HandlerLogLine } from '../../src/thread/protocol.ts';
import { moduleThat, type PoolBench, startPool } from './pool-bench.ts';

/** Longer than a start, shorter than what an endless one would take. */
const SHORT_MS = 300;

const CASES = `
      case 'loop': for (;;);
      case 'search': return /^(a+)+$/.test('a'.repeat(60) + 'b');
      case 'wait': await new Promise(() => undefined); return;
      case 'heed': await delay(60_000, undefined, { signal: ctx.signal }); return;
      case 'end late': await delay(Number(order.ms)); return;
      case 'write on': {
        setInterval(() => appendFileSync(String(order.file), '.'), 2);
        await new Promise(() => undefined);
        return;
      }
      case 'exit': process.exit(3);
      case 'kill': process.kill(process.pid, 'SIGKILL'); await new Promise(() => undefined); return;
      case 'leave a program': {
        writeFileSync(String(order.file), String(spawn('sleep', ['600']).pid));
        process.kill(process.pid, 'SIGKILL');
        await new Promise(() => undefined);
        return;
      }
      case 'grow': { const all = []; for (;;) all.push({ n: all.length }); }
      case 'one piece': return new Array(2 ** 26).fill(1.5).length;
      case 'buffers': {
        const all = [];
        for (;;) { all.push(Buffer.alloc(2 ** 20, 1)); await delay(1); }
      }
      case 'throw later': setTimeout(() => { throw new RangeError('payload'); }, 5); await new Promise(() => undefined); return;
      case 'lose': void (async () => { await ctx.http.get('http://127.0.0.1:1/'); })(); return;
      case 'block': execSync('exec sleep 20'); return;
      case 'write lines': for (let n = 0; n < 5_000; n++) console.log('line', n); return;
      case 'log lines': for (let n = 0; n < 5_000; n++) ctx.log.info('a line', { n }); return;
      case 'log a long line': ctx.log.info('x'.repeat(1e6), { field: 'y'.repeat(1e6) }); console.log('z'.repeat(1e6)); return;
      case 'post': {
        for (const said of [null, undefined, 'ready', { kind: 'log' }, { kind: 'log', line: { level: 'toString' } },
          { kind: 'call', service: '__proto__', request: {} }, { kind: 'attribute', id: 1, name: 5 }, { kind: 7 }])
          parentPort?.postMessage(said);
        return;
      }
      case 'set attributes': for (let n = 0; n < 100_000; n++) ctx.span.setAttribute('n', n); return;
      case 'recurse': { const f = (): number => 1 + f(); return f(); }
`;
const BEFORE = `
import { appendFileSync, writeFileSync } from 'node:fs';
import { execSync, spawn } from 'node:child_process';
import { parentPort } from 'node:worker_threads';
`;

describe('a handler that misbehaves', { timeout: 240_000 }, () => {
  let bench: PoolBench;
  before(async () => {
    bench = startPool(moduleThat(CASES, BEFORE), { threads: 2 });
  });
  beforeEach(() => bench.ready());
  after(async () => bench[Symbol.asyncDispose]());

  const nothing = async () => assert.deepEqual(await bench.run({ do: 'nothing' }), { kind: 'done' });

  for (const [name, order] of [
    ['loops', 'loop'],
    ['searches with a pattern that goes back without end', 'search'],
    ['waits for what never comes', 'wait'],
  ] as const) {
    it(`${name}: is ended at its time, the other thread and what comes next are unharmed`, async () => {
      const bad = bench.run({ do: order }, { timeoutMs: SHORT_MS });
      const others = Array.from({ length: 20 }, async () => bench.run({ do: 'end late', ms: 5 }));
      assert.deepEqual(await bad, { kind: 'timeout' });
      // Those that were in its thread say nothing of themselves, and are tried again.
      const kinds = (await Promise.all(others)).map(({ kind }) => kind);
      assert.ok(kinds.filter(kind => kind === 'done').length >= 10, kinds.join());
      assert.ok(
        kinds.every(kind => kind === 'done' || kind === 'interrupted'),
        kinds.join(),
      );
      await nothing();
    });
  }

  it('is tried apart the next time, so that it takes nobody else along', async () => {
    const delivery = randomUUID();
    assert.deepEqual(await bench.run({ do: 'loop' }, { delivery, timeoutMs: SHORT_MS }), { kind: 'timeout' });
    // While the process apart starts, its time is over: that is not held against it.
    let again = { kind: 'busy' };
    let isOver = false;
    const untilTold = async () => {
      while (again.kind === 'busy') again = await bench.run({ do: 'loop' }, { delivery, timeoutMs: 3_000 });
      isOver = true;
    };
    const told = untilTold();
    while (!isOver) await nothing();
    await told;
    assert.deepEqual(again, { kind: 'timeout' });
    // What ends well is among the others again.
    assert.deepEqual(await bench.run({ do: 'nothing' }, { delivery }), { kind: 'done' });
  });

  it('heeds its signal: its time is over, and its thread stays', async () => {
    const before = bench.pool.figures().ended;
    assert.deepEqual(await bench.run({ do: 'heed' }, { timeoutMs: 50 }), { kind: 'timeout' });
    assert.deepEqual(await bench.run({ do: 'heed' }, { signal: abortedSoon() }), { kind: 'aborted' });
    await nothing();
    assert.deepEqual(bench.pool.figures().ended, before);
  });

  it('does nothing any more once its result is told', async () => {
    const file = join(bench.module, '..', 'written');
    assert.deepEqual(await bench.run({ do: 'write on', file }, { timeoutMs: SHORT_MS }), { kind: 'timeout' });
    const { size } = statSync(file);
    assert.ok(size > 0);
    for (let n = 0; n < 50; n++) await nothing();
    assert.equal(readFileSync(file).length, size);
  });

  for (const [order, reason, detail] of [
    ['exit', 'exit', 'exit code 3'],
    ['kill', 'exit', 'SIGKILL'],
    ['grow', 'memory', null],
    ['one piece', 'memory', null],
    ['buffers', 'memory', 'buffers beside the heap'],
  ] as const) {
    it(`"${order}" alone: ends its thread, or all threads, and nothing of this process; it is told why`, async () => {
      const result = await bench.run({ do: order });
      assert.equal(result.kind, 'thread-ended', JSON.stringify(result));
      assert.ok(result.kind === 'thread-ended');
      assert.equal(result.reason, reason);
      if (detail !== null) assert.equal(result.detail, detail);
      await nothing();
    });
  }

  it('leaves no program behind where its process ended by itself', async () => {
    const file = join(bench.module, '..', 'program');
    assert.equal((await bench.run({ do: 'leave a program', file })).kind, 'thread-ended');
    const pid = Number(readFileSync(file, 'utf8'));
    await waitFor(() => !isAlive(pid), { what: 'the end of its program' });
  });

  it('ends a thread that it shares: nobody is told, and each is tried apart, where the one that did it is found', async () => {
    const deliveries = Array.from({ length: 4 }, () => randomUUID() as string);
    const run = (timeoutMs: number) =>
      Promise.all(
        deliveries.map((delivery, n) =>
          bench.run(n === 3 ? { do: 'grow' } : { do: 'end late', ms: timeoutMs }, { delivery }),
        ),
      );
    const first = await run(3_000);
    assert.deepEqual(first[3], { kind: 'interrupted' });
    assert.ok(first.some(({ kind }, n) => n < 3 && kind === 'interrupted'));
    const second = await run(5);
    assert.deepEqual(
      second.map(({ kind }) => kind),
      ['done', 'done', 'done', 'thread-ended'],
    );
  });

  it('throws where nobody can catch it: it has failed, without its message, and its neighbours end by themselves', async () => {
    const neighbours = Array.from({ length: 6 }, async () => bench.run({ do: 'end late', ms: 200 }));
    const result = await bench.run({ do: 'throw later' });
    assert.ok(result.kind === 'failed', JSON.stringify(result));
    assert.equal(result.error, 'RangeError');
    assert.match(result.at ?? '', /^bot\.ts:\d+:\d+$/);
    assert.equal(JSON.stringify(result).includes('payload'), false);
    for (const neighbour of neighbours) assert.deepEqual(await neighbour, { kind: 'done' });
    await nothing();
  });

  it('forgets to wait for what fails: it has failed', async () => {
    const result = await bench.run({ do: 'lose' });
    assert.ok(result.kind === 'failed', JSON.stringify(result));
    assert.equal(result.code, 'ECONNREFUSED');
    assert.ok(bench.lines.some(({ event }) => event === 'handler.rejection-lost'));
  });

  it('calls itself without end: an error like any other', async () => {
    const result = await bench.run({ do: 'recurse' });
    assert.ok(result.kind === 'failed' && result.error === 'RangeError', JSON.stringify(result));
  });

  it('blocks its thread in the system, where no thread can be ended: then the process is', async () => {
    const neighbour = bench.run({ do: 'end late', ms: 50 });
    assert.deepEqual(await bench.run({ do: 'block' }, { timeoutMs: SHORT_MS }), { kind: 'timeout' });
    assert.ok(['done', 'interrupted'].includes((await neighbour).kind));
    const ends = bench.lines.filter(({ event }) => event === 'handler.process-ended');
    assert.ok(ends.some(({ fields }) => fields['reason'] === 'timeout'));
    await nothing();
  });

  for (const [order, isIts] of [
    ['write lines', ({ fields }) => String(fields['text']).startsWith('line ')],
    ['log lines', ({ event }) => event === 'a line'],
  ] as readonly (readonly [string, (line: HandlerLogLine) => boolean])[]) {
    it(`"${order}" without end: some are logged, the others counted`, async () => {
      const logged = bench.lines.length;
      const { droppedLogLines } = bench.pool.figures();
      assert.deepEqual(await bench.run({ do: order }), { kind: 'done' });
      await nothing();
      // Each is logged or told as dropped, so that none of this is told in the next test.
      const told = () => {
        const lines = bench.lines.slice(logged);
        const dropped = lines.filter(({ event }) => event === 'handler.lines-dropped');
        const sum = dropped.reduce((all, { fields }) => all + Number(fields['lines']), 0);
        return { logged: lines.filter(isIts).length, dropped: sum };
      };
      await waitFor(() => told().logged + told().dropped === 5_000);
      assert.ok(told().logged < 1_000, String(told().logged));
      if (order === 'log lines')
        await waitFor(() => bench.pool.figures().droppedLogLines === droppedLogLines + told().dropped);
    });
  }

  it('says to its host what is none of ours: nobody hears it', async () => {
    const logged = bench.lines.length;
    const told: unknown[] = [];
    const onAttribute = (...attribute: unknown[]) => void told.push(attribute);
    assert.deepEqual(await bench.run({ do: 'post' }, { onAttribute }), { kind: 'done' });
    await nothing();
    assert.deepEqual([told, bench.lines.slice(logged)], [[], []]);
  });

  it('sets attributes without end: the first of them are told', async () => {
    let told = 0;
    const onAttribute = () => void (told += 1);
    assert.deepEqual(await bench.run({ do: 'set attributes' }, { onAttribute }), { kind: 'done' });
    assert.equal(told, 256);
  });

  it('writes a line without end: it is cut', async () => {
    const logged = bench.lines.length;
    await bench.run({ do: 'log a long line' });
    await waitFor(() => bench.lines.length >= logged + 2);
    for (const line of bench.lines) assert.ok(JSON.stringify(line).length < 8_192);
  });
});

function abortedSoon(): AbortSignal {
  const abort = new AbortController();
  setTimeout(() => abort.abort(), 20);
  return abort.signal;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
