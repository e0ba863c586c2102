import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSpoolGauge } from '../../src/spool/spool-gauge.ts';

const MIB = 1024 * 1024;
const holdings = {
  held: ['spool-own.sqlite'],
  adopted: 0,
  events: 1,
  bytes: 100_000,
  oldestAt: 1_000,
  quarantined: 0,
  corrupt: [],
  kept: [],
};

function harness() {
  const clock = { now: 1_000, waitingMs: 0 };
  const gauge = createSpoolGauge({
    maxBytes: MIB,
    maxAgeMs: 500,
    now: () => clock.now,
    waitingMs: () => clock.waitingMs,
    trouble: null,
  });
  return { clock, gauge };
}

describe('spool gauge', () => {
  it('counts what is on its way to the disk, so that many at once can not pass the limit together', () => {
    const { gauge } = harness();
    let taken = 0;
    while (gauge.take(10_000) === null) taken += 1;
    assert.ok(taken > 90 && taken <= 104, `${taken}`);
    assert.equal(gauge.snapshot().state, 'full');
    gauge.give(10_000);
    assert.equal(gauge.snapshot().state, 'ready');
    assert.equal(gauge.take(10_000), null);
  });

  it('is not full for small events because a large one found no room', () => {
    const { gauge } = harness();
    assert.notEqual(gauge.take(2 * MIB), null);
    assert.equal(gauge.take(10), null);
    assert.equal(gauge.snapshot().state, 'ready');
  });

  it('refuses at once while the thread owes an answer for too long', () => {
    const { clock, gauge } = harness();
    clock.waitingMs = 2_001;
    assert.match(gauge.take(10) ?? '', /not answered/);
    assert.equal(gauge.snapshot().state, 'failed');
    clock.waitingMs = 0;
    assert.equal(gauge.take(10), null);
  });

  it('is too old above the age and not at it, and never negative when the clock is set back', () => {
    const { clock, gauge } = harness();
    gauge.held(holdings, null);
    clock.now = 1_500;
    assert.equal(gauge.snapshot().state, 'ready');
    clock.now = 1_501;
    assert.equal(gauge.snapshot().state, 'too_old');
    clock.now = 10;
    assert.equal(gauge.snapshot().oldestAgeMs, 0);
  });

  it('is not too old for a row that is refused while all others are taken, and is once these are not', () => {
    const { clock, gauge } = harness();
    gauge.held(holdings, null);
    clock.now = 1_501;
    gauge.passed();
    const { state, detail, oldestAgeMs } = gauge.snapshot();
    assert.equal(state, 'ready');
    assert.match(detail ?? '', /no log takes/);
    assert.equal(oldestAgeMs, 501);
    assert.equal(gauge.take(10), null);
    clock.now = 2_002;
    assert.equal(gauge.snapshot().state, 'too_old');
    assert.notEqual(gauge.take(10), null);
  });

  it('counts the files that it does not hold by their size, and its own by what is in use', () => {
    const { gauge } = harness();
    gauge.listed(
      new Map([
        ['spool-own.sqlite', 900_000],
        ['spool-other.sqlite', 5_000],
      ]),
    );
    gauge.held(holdings, null);
    assert.equal(gauge.snapshot().bytes, 105_000);
    assert.deepEqual(gauge.foreign, ['spool-other.sqlite']);
    assert.equal(gauge.snapshot().leftovers, 1);
  });

  it('no longer names a damaged file that a person has taken away', () => {
    const { gauge } = harness();
    gauge.listed(new Map([['spool-bad.sqlite', 100]]));
    gauge.held({ ...holdings, corrupt: ['spool-bad.sqlite'] }, null);
    assert.deepEqual(gauge.snapshot().corruptFiles, ['spool-bad.sqlite']);
    gauge.listed(new Map());
    assert.deepEqual(gauge.snapshot().corruptFiles, []);
    gauge.listed(new Map([['spool-bad.sqlite', 100]]));
    assert.deepEqual(gauge.snapshot().corruptFiles, ['spool-bad.sqlite']);
  });

  it('holds nothing once its thread has ended, and says why', () => {
    const { gauge } = harness();
    gauge.held({ ...holdings, corrupt: ['spool-bad.sqlite'] }, null);
    gauge.ended('out of memory');
    const { state, detail, events, corruptFiles } = gauge.snapshot();
    assert.deepEqual(
      { state, detail, events, corruptFiles },
      {
        state: 'failed',
        detail: 'out of memory',
        events: 0,
        corruptFiles: ['spool-bad.sqlite'],
      },
    );
  });
});
