import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
  closeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { waitFor } from '@ackline/testkit/wait-for';
import { openSpool, type OpenSpool } from '../../src/spool/spool.ts';
import { sampleEvent } from '../event-sample.ts';
import {
  appendAll,
  code,
  eventsOf,
  idsOf,
  place,
  recordingLog,
  SpoolBench,
  TakingTarget,
} from './spool-fixture.ts';

/** Tools of the system, which a machine may lack or refuse. */
function runAsRoot(tool: string, args: readonly string[]) {
  return spawnSync(tool, args);
}

/** Mounts a filesystem in memory of this size; where that is not allowed, skips the test and says why. */
function mountSmallDisk(t: TestContext, bench: SpoolBench, sizeKiB: number): string | null {
  const directory = mkdtempSync(join(tmpdir(), 'ackline-disk-'));
  const mounted = runAsRoot('mount', ['-t', 'tmpfs', '-o', `size=${sizeKiB}k,mode=700`, 'none', directory]);
  bench.defer(() => {
    if (mounted.status === 0) runAsRoot('umount', ['-l', directory]);
    rmSync(directory, { recursive: true, force: true });
  });
  if (mounted.status === 0) return directory;
  t.skip(`this machine allows no mount: ${mounted.stderr.toString().trim() || mounted.error?.message}`);
  return null;
}

function remount(directory: string, mode: 'ro' | 'rw'): void {
  const { status, stderr } = runAsRoot('mount', ['-o', `remount,${mode}`, directory]);
  assert.equal(status, 0, stderr?.toString());
}

/** Appends until one is refused; gives the ids that were confirmed. */
async function fill(spool: OpenSpool, bytes: number): Promise<string[]> {
  const confirmed: string[] = [];
  for (;;) {
    const event = sampleEvent({ body: Buffer.alloc(bytes, 7) });
    try {
      await spool.append(event, place);
      confirmed.push(event.id);
    } catch (error) {
      assert.ok(code('ACKLINE_NOT_DURABLE')(error), String(error));
      return confirmed;
    }
  }
}

function overwrite(path: string, at: number, bytes: Buffer): void {
  const descriptor = openSync(path, 'r+');
  writeSync(descriptor, bytes, 0, bytes.length, at);
  closeSync(descriptor);
}

describe('spool on a disk in trouble', () => {
  it('says that the disk is full, confirms nothing that is not there, drains, and takes events again', async t => {
    await using bench = new SpoolBench();
    const directory = mountSmallDisk(t, bench, 2_048);
    if (directory === null) return;
    const spool = await bench.open({ directory });
    const confirmed = await fill(spool, 20_000);
    assert.ok(confirmed.length > 10);
    assert.equal(spool.snapshot().state, 'full');
    assert.match(spool.snapshot().detail ?? '', /full/);
    await assert.rejects(
      spool.append(sampleEvent({ body: Buffer.alloc(20_000) }), place),
      code('ACKLINE_NOT_DURABLE'),
    );
    assert.equal(spool.snapshot().events, confirmed.length);
    const target = new TakingTarget();
    const relay = bench.relay(spool, target);
    await waitFor(() => spool.snapshot().events === 0);
    assert.deepEqual(target.ids, confirmed);
    await waitFor(() => spool.snapshot().state === 'ready');
    await relay.close(); // it would make room as fast as the disk is filled
    assert.ok((await fill(spool, 20_000)).length > 10, 'the space came back');
  });

  it('takes events again when somebody makes room on a full disk', async t => {
    await using bench = new SpoolBench();
    const directory = mountSmallDisk(t, bench, 2_048);
    if (directory === null) return;
    const ballast = join(directory, 'ballast');
    writeFileSync(ballast, Buffer.alloc(1_900_000));
    const spool = await bench.open({ directory });
    const before = await fill(spool, 20_000);
    assert.equal(spool.snapshot().state, 'full');
    rmSync(ballast);
    await waitFor(() => spool.snapshot().state === 'ready');
    const after = sampleEvent();
    await spool.append(after, place);
    await spool.close();
    const target = new TakingTarget();
    bench.relay(await bench.open({ directory }), target);
    await waitFor(() => target.taken.length === before.length + 1);
    assert.deepEqual(target.ids, [...before, after.id]);
  });

  it('says that the disk is read-only, at the start and later, and recovers by itself', async t => {
    await using bench = new SpoolBench();
    const directory = mountSmallDisk(t, bench, 4_096);
    if (directory === null) return;
    remount(directory, 'ro');
    const spool = await bench.open({ directory });
    assert.equal(spool.snapshot().state, 'read_only');
    await assert.rejects(spool.append(sampleEvent(), place), code('ACKLINE_NOT_DURABLE'));
    remount(directory, 'rw');
    await waitFor(() => spool.snapshot().state === 'ready');
    await spool.append(sampleEvent(), place);
    await spool.close();
    const again = await bench.open({ directory: join(directory, 'other') });
    remount(directory, 'ro');
    await assert.rejects(again.append(sampleEvent(), place), code('ACKLINE_NOT_DURABLE'));
    assert.equal(again.snapshot().state, 'read_only');
    remount(directory, 'rw');
    await waitFor(() => again.snapshot().state === 'ready');
    await again.append(sampleEvent(), place);
  });

  it('does not throw where its directory can not be, and starts once it can', async () => {
    await using bench = new SpoolBench();
    const inTheWay = join(bench.directory, 'file');
    writeFileSync(inTheWay, 'no directory');
    const spool = await bench.open({ directory: join(inTheWay, 'spool') });
    assert.equal(spool.snapshot().state, 'failed');
    assert.notEqual(spool.snapshot().detail, null);
    await assert.rejects(spool.append(sampleEvent(), place), code('ACKLINE_NOT_DURABLE'));
    rmSync(inTheWay);
    await waitFor(() => spool.snapshot().state === 'ready');
    await spool.append(sampleEvent(), place);
  });

  it('confirms nothing into a file whose directory was deleted or replaced, and still drains what it had', async () => {
    await using bench = new SpoolBench();
    const directory = join(bench.directory, 'spool');
    const spool = await bench.open({ directory });
    const before = eventsOf(10);
    await appendAll(spool, before);
    renameSync(directory, join(bench.directory, 'away'));
    await assert.rejects(spool.append(sampleEvent(), place), code('ACKLINE_NOT_DURABLE'));
    await waitFor(() => spool.snapshot().state === 'ready');
    await spool.append(sampleEvent(), place);
    assert.ok(existsSync(directory));
    const target = new TakingTarget();
    bench.relay(spool, target);
    await waitFor(() => target.taken.length >= 11);
    assert.deepEqual(target.ids.slice(0, 10), idsOf(before));
  });

  it('leaves a file that is no database where it is, names it, logs it once, and goes on', async () => {
    await using bench = new SpoolBench();
    const name = 'spool-01890000-0000-7000-8000-000000000000.sqlite';
    const garbage = Buffer.alloc(8_192, 'x');
    writeFileSync(join(bench.directory, name), garbage);
    const spool = await bench.open();
    assert.deepEqual(spool.snapshot().corruptFiles, [name]);
    assert.equal(spool.snapshot().state, 'ready');
    const target = new TakingTarget();
    bench.relay(spool, target);
    await appendAll(spool, eventsOf(5));
    await waitFor(() => target.taken.length === 5);
    await spool.close();
    assert.deepEqual(bench.files(), [name]);
    assert.ok(readFileSync(join(bench.directory, name)).equals(garbage));
    assert.equal(bench.logged.lines.filter(line => line.event === 'spool.file-unreadable').length, 1);
  });

  it('drains what can be read of a damaged file, keeps the file, and sends nothing that was altered', async () => {
    await using bench = new SpoolBench();
    const first = await bench.open();
    const events = eventsOf(400, { body: Buffer.alloc(3_000, 'good body ') });
    await appendAll(first, events);
    await first.close();
    const name = bench.databases()[0] ?? '';
    const path = join(bench.directory, name);
    const size = statSync(path).size;
    overwrite(path, Math.floor(size / 2), Buffer.alloc(64 * 1024, 0xee)); // some pages in the middle
    const spool = await bench.open();
    const target = new TakingTarget();
    bench.relay(spool, target);
    await waitFor(() => spool.snapshot().corruptFiles.length === 1 || spool.snapshot().quarantined > 0);
    await waitFor(() => spool.snapshot().events === 0);
    const sent = new Map(events.map(event => [event.id, event]));
    assert.ok(target.taken.length > 100, `${target.taken.length} were readable`);
    for (const { event } of target.taken)
      assert.ok(Buffer.from(event.body).equals(sent.get(event.id)?.body ?? Buffer.alloc(0)));
    await spool.append(sampleEvent(), place);
    assert.ok(existsSync(path));
  });

  it('sets a row aside whose bytes were altered, and sends those before and behind it', async () => {
    await using bench = new SpoolBench();
    const first = await bench.open();
    const events = eventsOf(20).map((event, i) => ({
      ...event,
      body: Buffer.from(`body ${i} of the events`),
    }));
    await appendAll(first, events);
    await first.close();
    const path = join(bench.directory, bench.databases()[0] ?? '');
    const at = readFileSync(path).indexOf('body 7 of the events');
    assert.ok(at > 0);
    overwrite(path, at, Buffer.from('Body'));
    const spool = await bench.open();
    const target = new TakingTarget();
    bench.relay(spool, target);
    await waitFor(() => target.taken.length === 19);
    await waitFor(() => spool.snapshot().quarantined === 1);
    assert.deepEqual(target.ids, idsOf(events.filter((_, i) => i !== 7)));
    await waitFor(() => spool.snapshot().leftovers === 0);
    await spool.close();
    assert.equal(bench.databases().length, 1, 'the row is kept');
    const later = await bench.open();
    assert.equal(later.snapshot().quarantined, 1);
    assert.equal(later.snapshot().events, 0);
  });

  it('leaves the file of another release alone', async () => {
    await using bench = new SpoolBench();
    const first = await bench.open();
    await appendAll(first, eventsOf(3));
    await first.close();
    const { DatabaseSync } = await import('node:sqlite');
    const path = join(bench.directory, bench.databases()[0] ?? '');
    const db = new DatabaseSync(path);
    db.exec('pragma user_version = 99');
    db.close();
    const spool = await bench.open();
    assert.equal(spool.snapshot().corruptFiles.length, 1);
    await spool.close();
    assert.ok(existsSync(path));
  });

  it('makes a new file when the one in use turns out damaged, and names the old one', async () => {
    await using bench = new SpoolBench();
    const spool = await bench.open();
    await appendAll(spool, eventsOf(500, { body: Buffer.alloc(4_000, 1) }));
    const name = bench.databases()[0] ?? '';
    const path = join(bench.directory, name);
    // From another process: a descriptor that this one closed would give SQLite's lock back.
    spawnSync('dd', ['if=/dev/urandom', `of=${path}`, 'bs=4096', 'seek=1', 'count=300', 'conv=notrunc']);
    const target = new TakingTarget();
    bench.relay(spool, target);
    await waitFor(() => spool.snapshot().corruptFiles.includes(name));
    await waitFor(() => spool.snapshot().state === 'ready');
    const after = sampleEvent();
    await spool.append(after, place);
    await waitFor(() => target.ids.includes(after.id));
    assert.ok(existsSync(path));
  });

  it('refuses storage that does not last, unless that is declared', async t => {
    await using bench = new SpoolBench();
    const directory = mountSmallDisk(t, bench, 4_096);
    if (directory === null) return;
    const options = {
      directory: join(directory, 'spool'),
      maxBytes: 1e6,
      maxAgeMs: 1e6,
      log: recordingLog().log,
    };
    await assert.rejects(
      openSpool({ ...options, allowEphemeral: false }),
      (error: Error) =>
        code('ACKLINE_SPOOL_NOT_DURABLE')(error) && /tmpfs.*SPOOL_DURABILITY/.test(error.message),
    );
    const spool = await bench.open({ directory });
    await spool.append(sampleEvent(), place);
  });

  it('reads a copy of its files as it reads them', async () => {
    await using bench = new SpoolBench();
    await using copy = new SpoolBench();
    const first = await bench.open();
    const events = eventsOf(30);
    await appendAll(first, events);
    await first.close();
    for (const name of bench.files()) copyFileSync(join(bench.directory, name), join(copy.directory, name));
    const target = new TakingTarget();
    copy.relay(await copy.open(), target);
    await waitFor(() => target.taken.length === 30);
    assert.deepEqual(target.ids, idsOf(events));
  });

  it('does not hold up the start where no directory can be made', async t => {
    if (!existsSync('/proc/self')) {
      t.skip('this machine has no /proc');
      return;
    }
    const spool = await openSpool({
      directory: '/proc/self/nothing/spool',
      maxBytes: 1_048_576,
      maxAgeMs: 60_000,
      allowEphemeral: true,
      log: recordingLog().log,
    });
    t.after(() => spool.close());
    assert.equal(spool.snapshot().state, 'failed');
    assert.equal(spool.snapshot().detail, 'ENOENT (mkdir)');
  });
});
