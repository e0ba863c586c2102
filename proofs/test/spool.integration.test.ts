import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readImage, relayImage } from '../src/spool/spool-copy.ts';
import { spoolOrder } from '../src/spool/spool-order.ts';
import { spoolTorn } from '../src/spool/spool-torn.ts';
import { startWriter } from '../src/spool/writer-process.ts';

// The short forms of `npm run proof -- spool-order` and `-- spool-torn`.

describe('an event in the spool', () => {
  it('is synced before its 200 is written, in the recorded order of system calls', async t => {
    const figures = await spoolOrder({ events: 10 });
    if (figures.kind === 'skipped') return t.skip(figures.reason);
    assert.equal(figures.events, 10); // the order itself throws
  });

  it('is found by the relay in copies of a crash, with its log cut and torn behind the last acknowledged commit', async () => {
    const figures = await spoolTorn({ bursts: 2, copiesPerBurst: 2, rounds: 3, cutsPerRound: 2 });
    assert.deepEqual(figures.broken, []);
    assert.ok(figures.stopped > 0 && figures.torn > 0 && figures.killed > 0 && figures.expected > 0);
  });

  it('is missed in a copy that was taken before it was acknowledged', async t => {
    const folder = await mkdtemp(join(tmpdir(), 'ackline-torn-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    await using writer = await startWriter(folder);
    await writer.append();
    const before = writer.owed();
    const image = await readImage(writer.directory);
    await writer.append();
    assert.ok(writer.owed().size > before.size);
    assert.deepEqual(await relayImage(folder, image), before);
  });
});
