import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkWriteOrder, parseTrace } from '../src/spool/write-order.ts';

const ID = '0199f3a0-1111-7222-8333-444455556666';
const WAL = '25</var/spool-0199f3a0-0000-7000-8000-000000000000.sqlite-wal>';
const write = `101 1.000000 pwrite64(${WAL}, "\\0\\0${ID}\\1", 4096, 32) = 4096`;
const answer = '100 1.000003 writev(30<TCP:[1]>, [{iov_base="HTTP/1.1 200 OK\\r\\n", iov_len=17}], 1) = 17';

describe('the order of writes in a trace', () => {
  it('holds where the sync of the event returned before its answer', () => {
    const calls = parseTrace([write, `101 1.000001 fdatasync(${WAL}) = 0`, answer].join('\n'));
    assert.equal(checkWriteOrder(calls, [ID]).length, 1);
  });

  it('is broken where the sync began before the answer and returned behind it', () => {
    const lines = [
      write,
      `101 1.000001 fdatasync(${WAL} <unfinished ...>`,
      answer,
      '101 1.000004 <... fdatasync resumed>) = 0',
    ];
    assert.throws(() => checkWriteOrder(parseTrace(lines.join('\n')), [ID]), /before the sync/);
  });

  it('holds where calls of other threads come between the begin and the return of a sync', () => {
    const lines = [
      write,
      `101 1.000001 fdatasync(${WAL} <unfinished ...>`,
      '100 1.000002 write(1<pipe:[2]>, "x", 1) = 1',
      '101 1.000002 <... fdatasync resumed>) = 0',
      answer,
    ];
    assert.equal(checkWriteOrder(parseTrace(lines.join('\n')), [ID]).length, 1);
  });

  it('is broken where the sync failed, came before the write, or is of another file', () => {
    for (const sync of [
      `101 1.000001 fdatasync(${WAL}) = -1 EIO (Input/output error)`,
      '101 1.000001 fdatasync(7</tmp/other>) = 0',
    ]) {
      assert.throws(
        () => checkWriteOrder(parseTrace([write, sync, answer].join('\n')), [ID]),
        /before the sync/,
      );
    }
    const early = [`101 0.900000 fdatasync(${WAL}) = 0`, write, answer].join('\n');
    assert.throws(() => checkWriteOrder(parseTrace(early), [ID]), /before the sync/);
  });
});
