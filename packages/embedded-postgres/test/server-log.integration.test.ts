import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openServerLog } from '@ackline/embedded-postgres/server-log';

describe('the server log', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ackline-log-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('keeps one full file and one that is being written, whatever is written', async () => {
    const path = join(folder, 'bounded.log');
    const log = openServerLog(path, assert.fail, 100);
    for (let line = 0; line < 50; line++) log.write(Buffer.from(`line ${line} of some length\n`));
    log.close();
    const [current, before] = await Promise.all([readFile(path, 'utf8'), readFile(`${path}.1`, 'utf8')]);
    assert.ok(current.length < 125 && before.length < 125);
    assert.match(before + current, /line 48 .*\nline 49 /s);
  });

  it('goes on where the last run ended', async () => {
    const path = join(folder, 'appended.log');
    for (const text of ['first\n', 'second\n']) {
      const log = openServerLog(path, assert.fail);
      log.write(Buffer.from(text));
      log.close();
    }
    assert.equal(await readFile(path, 'utf8'), 'first\nsecond\n');
  });

  it('says once that it can not be written, and still remembers the last lines', () => {
    const said: string[] = [];
    const log = openServerLog(join(folder, 'missing', 'x.log'), message => said.push(message));
    log.write(Buffer.from('FATAL: reason\n'));
    log.write(Buffer.from('HINT: do this\n'));
    assert.equal(said.length, 1);
    assert.equal(log.tail(), 'FATAL: reason\nHINT: do this');
    log.close();
  });
});
