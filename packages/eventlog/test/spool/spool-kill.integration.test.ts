import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { waitFor } from '@ackline/testkit/wait-for';
import { sampleEvent } from '../event-sample.ts';
import { place, SpoolBench, TakingTarget } from './spool-fixture.ts';

/** Of SQLite's write-ahead log. */
const HEADER_BYTES = 32;
const CHILD = fileURLToPath(new URL('./spool-child.ts', import.meta.url));

/** The child, with what it has confirmed so far: ids by key, in the order of confirmation. */
function startSpooling(bench: SpoolBench, events?: number) {
  const args = [CHILD, bench.directory, ...(events === undefined ? [] : [String(events)])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()));
  const confirmed = new Map<string, string[]>();
  const state = { count: 0, done: false };
  createInterface({ input: child.stdout }).on('line', line => {
    const [key = '', id] = line.split(' ');
    if (id === undefined) state.done = true;
    else {
      state.count += 1;
      confirmed.set(key, [...(confirmed.get(key) ?? []), id]);
    }
  });
  bench.defer(() => {
    child.kill('SIGKILL');
    return ended;
  });
  return { child, confirmed, state, ended };
}

/** Drains the directory's files and gives the ids by key, in the order of the target. */
async function drain(bench: SpoolBench): Promise<Map<string, string[]>> {
  const spool = await bench.open();
  const target = new TakingTarget();
  const relay = bench.relay(spool, target);
  await waitFor(() => spool.snapshot().events === 0, { timeoutMs: 60_000 });
  await relay.close();
  await spool.close();
  const byKey = new Map<string, string[]>();
  for (const { event } of target.taken) {
    const key = event.orderingKey ?? '';
    const ids = byKey.get(key) ?? [];
    ids.push(event.id);
    byKey.set(key, ids);
  }
  return byKey;
}

function assertHolds(found: ReadonlyMap<string, string[]>, confirmed: ReadonlyMap<string, string[]>): void {
  for (const [key, ids] of confirmed) {
    const there = found.get(key) ?? [];
    assert.deepEqual(there.slice(0, ids.length), ids, `key ${key}: each confirmed event, in order`);
    assert.ok(there.length <= ids.length + 1, `key ${key}: no more than the one that was under way`);
  }
}

describe('spool of a process that is killed', () => {
  for (const events of [50, 700, 2_500]) {
    it(`has every confirmed event, in order, after kill -9 at ${events}`, async () => {
      await using bench = new SpoolBench();
      const { child, confirmed, state, ended } = startSpooling(bench);
      await waitFor(() => state.count >= events, { timeoutMs: 60_000 });
      child.kill('SIGKILL');
      await ended;
      const found = await drain(bench);
      assert.ok([...confirmed.values()].flat().length >= events);
      assertHolds(found, confirmed);
      assert.deepEqual(bench.files(), [], 'drained leftovers are removed');
    });
  }

  it('is left alone while the process lives, and drained once it is dead', async () => {
    await using bench = new SpoolBench();
    const { child, state, ended } = startSpooling(bench, 100);
    await waitFor(() => state.done, { timeoutMs: 60_000 });
    const spool = await bench.open();
    const target = new TakingTarget();
    bench.relay(spool, target);
    await spool.append(sampleEvent(), place);
    await waitFor(() => target.taken.length === 1);
    await waitFor(() => spool.snapshot().events === 0);
    assert.equal(spool.snapshot().leftovers, 1);
    child.kill('SIGKILL');
    await ended;
    await waitFor(() => target.taken.length === 101);
    await waitFor(() => spool.snapshot().leftovers === 0);
  });

  it('is drained by one of several that start together, once', async () => {
    await using bench = new SpoolBench();
    const { child, confirmed, state, ended } = startSpooling(bench, 300);
    await waitFor(() => state.done, { timeoutMs: 60_000 });
    child.kill('SIGKILL');
    await ended;
    const target = new TakingTarget();
    const spools = await Promise.all([bench.open(), bench.open(), bench.open()]);
    for (const spool of spools) bench.relay(spool, target);
    await waitFor(() => bench.files().length === 0);
    assert.deepEqual(target.ids.toSorted(), [...confirmed.values()].flat().toSorted());
  });

  it('opens from a copy at any moment, its log whole or torn behind the last commit, with every confirmed event', async () => {
    await using live = new SpoolBench();
    const { child, confirmed, state } = startSpooling(live);
    const ends: number[] = [];
    for (const atLeast of [40, 400, 1_200]) {
      await waitFor(() => state.count >= atLeast, { timeoutMs: 60_000 });
      child.kill('SIGSTOP'); // one moment, as a power loss catches it
      await untilStopped(child);
      const then = structuredClone(confirmed);
      const name = live.databases()[0] ?? '';
      const log = readFileSync(join(live.directory, `${name}-wal`));
      const committed = endOfLastCommit(log);
      ends.push(committed);
      const torn = [committed, committed + 1, committed + 24, committed + 2_000].filter(
        end => end <= log.length,
      );
      const garbage = Buffer.concat([log.subarray(0, committed), Buffer.alloc(10_000, 0xff)]);
      for (const tail of [log, garbage, ...torn.map(end => log.subarray(0, end))]) {
        await using copy = new SpoolBench();
        copyFileSync(join(live.directory, name), join(copy.directory, name));
        writeFileSync(join(copy.directory, `${name}-wal`), tail);
        assertHolds(await drain(copy), then);
      }
      child.kill('SIGCONT');
    }
    assert.ok(
      ends.some(end => end > HEADER_BYTES),
      'a log held a transaction',
    );
  });
});

/** Once it stands still, and what it had written until then is read. */
async function untilStopped({ pid = 0 }: ChildProcess): Promise<void> {
  await waitFor(() => stateOf(pid) === 'T', { what: 'the process to stop' });
  // One whole turn of the event loop reads more than a pipe holds.
  for (const _ of ['the rest of this one', 'the next']) await setImmediate();
}

function stateOf(pid: number): string | undefined {
  if (process.platform !== 'linux') {
    return execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).trim()[0];
  }
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat[stat.lastIndexOf(')') + 2];
}

/**
 * Where the last whole transaction of a write-ahead log ends; behind its header where it was just begun anew, and the database has
 * all that was before (https://www.sqlite.org/fileformat2.html#the_write_ahead_log).
 */
function endOfLastCommit(log: Buffer): number {
  const header = { pageSizeAt: 8, saltAt: 16, saltEnd: 24 };
  const frameHeaderBytes = 24;
  const frameBytes = frameHeaderBytes + log.readUInt32BE(header.pageSizeAt);
  const salt = log.subarray(header.saltAt, header.saltEnd);
  let end = HEADER_BYTES;
  for (let at = HEADER_BYTES; at + frameBytes <= log.length; at += frameBytes) {
    if (!log.subarray(at + 8, at + 16).equals(salt)) break; // of an earlier round
    if (log.readUInt32BE(at + 4) !== 0) end = at + frameBytes; // a commit
  }
  return end;
}
