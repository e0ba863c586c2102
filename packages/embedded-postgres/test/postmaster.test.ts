import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parsePostmasterFile } from '@ackline/embedded-postgres/postmaster';

const whole = '4711\n/proc/self/fd/3\n1795373555\n54999\n\n127.0.0.1\n 10043431         4\nready   \n';

describe('postmaster.pid', () => {
  it('gives process, port and readiness', () => {
    assert.deepEqual(parsePostmasterFile(whole), { pid: 4711, port: 54_999, ready: true });
  });

  it('is not ready while the server starts or recovers', () => {
    assert.equal(parsePostmasterFile(whole.replace('ready   ', 'starting'))?.ready, false);
    assert.equal(parsePostmasterFile('4711\n/data\n')?.ready, false);
  });

  it('is nothing while it is empty, torn or not a file of PostgreSQL', () => {
    for (const text of ['', '\n', 'x\n', '-1\n', '0\n', '1.5\n'])
      assert.equal(parsePostmasterFile(text), null);
  });
});
