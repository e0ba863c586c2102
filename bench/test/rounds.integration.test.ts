import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { peers } from '../src/peers.ts';
import type { Program } from '../src/program.ts';
import { closedLoopTable, fixedRateTable, goalsTable, programsTable } from '../src/report.ts';
import { interleavedRounds, startContenders } from '../src/rounds.ts';
import type { LoadResult } from '../src/load-plan.ts';
import type { LoadShape } from '../src/load-run.ts';

// The short form of `npm run bench -- ingress`: its loads and its arithmetic on two small programs, without Kafka.

/** Accepts every second request, and says so in chunks. */
const HALF_SERVER = `
import { createServer } from 'node:http';
let count = 0;
createServer((request, response) => {
  request.resume().on('end', () => {
    count += 1;
    response.writeHead(count % 2 === 1 ? 200 : 503);
    response.write('half');
    response.end();
  });
}).listen(Number(process.env.BENCH_PORT), '127.0.0.1');
`;

const SHAPE: LoadShape = { connections: 8, bodyBytes: 700, warmUpMs: 200, measureMs: 1_000, ratePerS: null };

async function onTwoPrograms<T>(use: (started: Awaited<ReturnType<typeof startContenders>>) => Promise<T>) {
  const directory = await mkdtemp(join(tmpdir(), 'ackline-bench-test-'));
  const path = join(directory, 'half.mjs');
  await writeFile(path, HALF_SERVER);
  const meaning = { durable: false, text: 'every second one' };
  const half: Program = {
    name: 'half',
    meaning,
    prepare: () =>
      Promise.resolve({
        kind: 'ready',
        version: '1',
        plan: (_stage, port) =>
          Promise.resolve({ command: process.execPath, args: [path], env: { BENCH_PORT: String(port) } }),
      }),
  };
  const absent: Program = {
    name: 'absent',
    meaning,
    prepare: () => Promise.resolve({ kind: 'unavailable', reason: 'no such package' }),
  };
  const broken: Program = {
    name: 'broken',
    meaning,
    prepare: () =>
      Promise.resolve({
        kind: 'ready',
        version: '2',
        plan: () => Promise.resolve({ command: process.execPath, args: ['-e', 'process.exit(3)'], env: {} }),
      }),
  };
  const stage = { brokers: '', topic: '', databaseUrl: '', directory };
  const bare = peers.filter(({ name }) => name === 'node:http');
  try {
    const started = await startContenders([...bare, half, absent, broken], {
      stage,
      cacheDirectory: directory,
      say: () => undefined,
    });
    await using _running = started.stack;
    return await use(started);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function assertComplete({ ok, cpuMs, p50Ms, p99Ms, rssBytes }: LoadResult): void {
  assert.ok(ok > 0 && cpuMs > 0 && p99Ms >= p50Ms && rssBytes > 1e6);
}

const options = { what: 'test', numbers: { next: 1 }, countRecords: null, say: () => undefined };

describe('rounds in turn', () => {
  it('give a table with every program, also those that are not to be had', async () => {
    await onTwoPrograms(async started => {
      const series = await interleavedRounds(started.contenders, { ...options, rounds: 2, shape: SHAPE });
      assert.deepEqual(
        series.map(({ name, rounds }) => [name, rounds.length]),
        [
          ['node:http', 2],
          ['half', 2],
        ],
      );
      series.flatMap(({ rounds }) => rounds).forEach(assertComplete);
      const [bare, half] = series.map(({ rounds: [first] }) => first as LoadResult) as [
        LoadResult,
        LoadResult,
      ];
      assert.equal(bare.notOk, 0);
      assert.ok(Math.abs(half.ok - half.notOk) <= SHAPE.connections, 'no answer is taken for another');
      assert.deepEqual(half.statuses, { 503: half.notOk });

      const programs = programsTable(started);
      assert.match(programs, /\| absent \|.*not measured: no such package \|/);
      assert.match(programs, /\| broken \|.*installed \(2\), but does not start: .*exit code 3/);
      const table = closedLoopTable(series);
      assert.equal(table.split('\n').length, 2 + 2);
      assert.doesNotMatch(table, /NaN|undefined|Infinity/);
      assert.match(goalsTable(series), /no ratios/);
    });
  });

  it('send at a fixed rate whatever is answered, and count what was not', async () => {
    await onTwoPrograms(async started => {
      const shape = { ...SHAPE, connections: 32, ratePerS: 200 };
      const series = await interleavedRounds(started.contenders, { ...options, rounds: 1, shape });
      for (const { rounds } of series) {
        const [{ ok, notOk, unanswered, seconds }] = rounds as [(typeof rounds)[number]];
        const due = ok + notOk + unanswered;
        assert.ok(Math.abs(due - 200 * seconds) <= 2, `${due} requests in ${seconds} s`);
      }
      assert.doesNotMatch(fixedRateTable(series), /NaN|undefined|Infinity/);
    });
  });
});
