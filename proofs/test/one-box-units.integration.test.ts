// The units of docs/one-box, by systemd's own word.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DRAIN_DEADLINE_MS } from '@ackline/runtime/drain';
import { findDebianPrograms } from '@ackline/testkit/debian-programs';
import { ONE_BOX, readOneBoxFile, ROOT } from '../src/one-box/one-box-files.ts';

const LIMIT_MS = 60_000;
/** Of systemd's scale from 0 to 10 what it calls OK, times ten: Node makes code while it runs, and all of it needs the network. */
const MOST_EXPOSED = 20;
/** What a process may take after its drain deadline, and PostgreSQL for a fast and then an immediate shutdown. */
const PARTS_STOP_MS = 2 * (DRAIN_DEADLINE_MS + 5_000) + 70_000;

const run = (command: string, args: readonly string[]) =>
  new Promise<{ readonly code: number; readonly output: string }>(resolve => {
    execFile(command, args, { timeout: LIMIT_MS }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr }),
    );
  });

async function findSystemdAnalyze(): Promise<{ readonly program: string; readonly missing: string | false }> {
  const found = findDebianPrograms('systemd', ['systemd-analyze']);
  if (found.kind === 'unavailable') return { program: '', missing: found.reason };
  const program = join(found.folder, 'systemd-analyze');
  const { code, output } = await run(program, ['--version']);
  return {
    program,
    missing: code === 0 ? false : `systemd-analyze does not run here: ${output.slice(0, 200)}`,
  };
}

const analyze = await findSystemdAnalyze();
if (analyze.missing !== false) console.log(`systemd's check of the units is left out: ${analyze.missing}`);
const units = (await readdir(ONE_BOX)).filter(name => /\.(service|timer)$/.test(name));

describe('the units of docs/one-box', { skip: analyze.missing }, () => {
  let folder = '';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ackline-units-'));
    await mkdir(join(folder, 'sbin'));
    await writeFile(join(folder, 'sbin/ackline-alert'), await readOneBoxFile('ackline-alert'), {
      mode: 0o755,
    });
    for (const name of units) {
      const text = (await readOneBoxFile(name))
        .replaceAll('/opt/ackline', ROOT)
        .replaceAll('/usr/local/sbin', join(folder, 'sbin'));
      await writeFile(join(folder, name.replace('@.', '@try.')), text);
    }
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it('are understood by systemd in every line', async () => {
    const paths = units.map(name => join(folder, name.replace('@.', '@try.')));
    assert.deepEqual(await run(analyze.program, ['verify', '--man=no', ...paths]), { code: 0, output: '' });
  });

  for (const unit of units.filter(name => name.endsWith('.service'))) {
    it(`leave ${unit} little that it could do to the machine`, async () => {
      const path = join(folder, unit.replace('@.', '@try.'));
      const args = ['security', '--offline=true', `--threshold=${MOST_EXPOSED}`, '--no-pager', path];
      const { code, output } = await run(analyze.program, args);
      assert.equal(code, 0, output);
    });
  }
});

describe('the service of docs/one-box', () => {
  it('has the time that its parts take at most to end, and signals the first process alone', async () => {
    const text = await readOneBoxFile('ackline.service');
    const stopMs = Number(/^TimeoutStopSec=(\d+)$/m.exec(text)?.[1]) * 1_000;
    assert.ok(stopMs > PARTS_STOP_MS, `${stopMs} ms for ${PARTS_STOP_MS} ms`);
    assert.match(text, /^KillMode=mixed$/m);
  });

  it('is locked in as all others are', async () => {
    const lockOf = async (unit: string) => /^UMask=(?:.+\n)+/m.exec(await readOneBoxFile(unit))?.[0];
    const lock = await lockOf('ackline.service');
    assert.match(lock ?? '', /SystemCallFilter/);
    for (const unit of ['ackline-backup.service', 'ackline-doctor.service', 'ackline-alert@.service'])
      assert.equal(await lockOf(unit), lock);
  });
});
