import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertDurableFilesystem } from '../../src/spool/spool-directory.ts';
import { describeTrouble } from '../../src/spool/spool-trouble.ts';
import { code } from './spool-fixture.ts';

describe('storage of the spool', () => {
  for (const [name, type] of [
    ['tmpfs', 0x01021994],
    ['ramfs', 0x858458f6],
    ['overlayfs', 0x794c7630],
  ] as const) {
    it(`refuses ${name}, and says what to do`, () => {
      assert.throws(
        () => assertDurableFilesystem('/spool', type),
        (error: Error) => code('ACKLINE_SPOOL_NOT_DURABLE')(error) && /volume/.test(error.message),
      );
    });
  }

  it('takes a filesystem on a disk', () => {
    assert.doesNotThrow(() => assertDurableFilesystem('/spool', 0xef53)); // ext4
    assert.doesNotThrow(() => assertDurableFilesystem('/spool', 0x58465342)); // xfs
  });

  for (const [errno, state] of [
    ['EROFS', 'read_only'],
    ['EACCES', 'read_only'],
    ['ENOSPC', 'full'],
    ['EDQUOT', 'full'],
    ['EIO', 'failed'],
    ['ENOENT', 'failed'],
  ] as const) {
    it(`calls ${errno} ${state}`, () => {
      assert.equal(describeTrouble(Object.assign(new Error('of the disk'), { code: errno })).state, state);
    });
  }

  for (const [errcode, state] of [
    [13, 'full'],
    [8, 'read_only'],
    [1032, 'read_only'],
    [11, 'corrupt'],
    [26, 'corrupt'],
    [10, 'failed'],
    [1034, 'failed'],
    [14, 'failed'],
  ] as const) {
    it(`calls SQLite's result ${errcode} ${state}`, () => {
      assert.equal(describeTrouble(Object.assign(new Error('of SQLite'), { errcode })).state, state);
    });
  }
});
