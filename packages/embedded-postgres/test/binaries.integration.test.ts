import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { makeLinks, prepareBinaries } from '@ackline/embedded-postgres/binaries';

describe('links that the install script did not make', () => {
  let root: string;
  const link = 'native/lib/libpq.so.5';
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'ackline-links-'));
    await mkdir(join(root, 'native/lib'), { recursive: true });
    await writeFile(join(root, 'native/lib/libpq.so.5.17'), 'library');
    const list = [{ source: 'native/lib/libpq.so.5.17', target: link }];
    await writeFile(join(root, 'native/pg-symlinks.json'), JSON.stringify(list));
  });
  afterEach(() => rm(root, { recursive: true }));

  it('are made, relative to their folder', async () => {
    assert.equal(await makeLinks(root), true);
    assert.equal(await readlink(join(root, link)), 'libpq.so.5.17');
  });

  it('are made once when several processes start at the same time', async () => {
    const results = await Promise.all(Array.from({ length: 8 }, () => makeLinks(root)));
    assert.ok(results.every(Boolean));
    assert.equal(await readlink(join(root, link)), 'libpq.so.5.17');
  });

  it('are left alone where they exist', async () => {
    await symlink('somewhere-else', join(root, link));
    assert.equal(await makeLinks(root), true);
    assert.equal(await readlink(join(root, link)), 'somewhere-else');
  });
});

describe('the programs', () => {
  it('run and are the version that this release promises', async () => {
    const { postgres, initdb } = await prepareBinaries(null, () => undefined);
    for (const program of [postgres, initdb]) {
      const { stdout } = await promisify(execFile)(program, ['--version']);
      assert.match(stdout, /PostgreSQL\) 17\./);
    }
  });
});
