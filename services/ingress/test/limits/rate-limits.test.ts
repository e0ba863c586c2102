import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LimitConfig } from '@ackline/shared/config/types';
import type { LimitVerdict } from '../../src/http/webhook-ports.ts';
import { createRateLimits } from '../../src/limits/rate-limits.ts';
import { sourceConfig } from '../support/endpoint.ts';

const START = 1_795_372_800_000;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Limits without Redis, and a clock that only the test moves. */
function setUp(maxKeys?: number) {
  const clock = { ms: START };
  const limits = createRateLimits({
    redis: null,
    now: () => clock.ms,
    ...(maxKeys === undefined ? {} : { maxKeys }),
  });
  return { clock, limits };
}
const limited = (limit: Partial<LimitConfig>, name = 'telegram') =>
  sourceConfig({ name, limit: { max: 3, perMs: MINUTE, by: 'sender', over: 'reject', ...limit } });
const from = (sender: string | null, address = '203.0.113.7') => ({ sender, address });
const kind = (verdict: LimitVerdict | Promise<LimitVerdict>) =>
  verdict instanceof Promise ? 'promise' : verdict.kind;
const within = { kind: 'within' };

describe('a limit that rejects', () => {
  it('lets so many through, then names the time until the window ends, in whole seconds from one', () => {
    const { clock, limits } = setUp();
    const source = limited({});
    for (let n = 0; n < 3; n++) assert.deepEqual(limits.afterVerify(source, from('a')), within);
    clock.ms += 12_300;
    assert.deepEqual(limits.afterVerify(source, from('a')), { kind: 'reject', retryAfterS: 48 });
    clock.ms = START + MINUTE - 1;
    assert.deepEqual(limits.afterVerify(source, from('a')), { kind: 'reject', retryAfterS: 1 });
    clock.ms = START + MINUTE;
    assert.deepEqual(limits.afterVerify(source, from('a')), within);
  });

  it('counts each sender alone, and an event without one not at all', () => {
    const { limits } = setUp();
    const source = limited({ max: 1 });
    assert.equal(kind(limits.afterVerify(source, from('a'))), 'within');
    assert.equal(kind(limits.afterVerify(source, from('a'))), 'reject');
    assert.equal(kind(limits.afterVerify(source, from('b'))), 'within');
    for (let n = 0; n < 5; n++) assert.equal(kind(limits.afterVerify(source, from(null))), 'within');
  });

  it('counts no two sources or tenants together, although their senders have one name', () => {
    const { limits } = setUp();
    for (const source of [
      limited({ max: 1 }, 'one'),
      limited({ max: 1 }, 'two'),
      { ...limited({ max: 1 }, 'one'), tenant: 'vip' },
    ]) {
      assert.equal(kind(limits.afterVerify(source, from('a'))), 'within');
      assert.equal(kind(limits.afterVerify(source, from('a'))), 'reject');
    }
  });

  it('by source counts all of its events', () => {
    const { limits } = setUp();
    const source = limited({ by: 'source', max: 2 });
    assert.equal(kind(limits.afterVerify(source, from('a'))), 'within');
    assert.equal(kind(limits.afterVerify(source, from(null))), 'within');
    assert.equal(kind(limits.afterVerify(source, from('b'))), 'reject');
  });

  it('by address counts before the body is read, and nothing afterwards', () => {
    const { limits } = setUp();
    const source = limited({ by: 'ip', max: 1 });
    assert.equal(kind(limits.beforeBody(source, '203.0.113.7')), 'within');
    assert.equal(kind(limits.beforeBody(source, '203.0.113.7')), 'reject');
    assert.equal(kind(limits.beforeBody(source, '203.0.113.8')), 'within');
    assert.equal(kind(limits.afterVerify(source, from('a'))), 'within');
    assert.equal(kind(limits.beforeBody(limited({ by: 'sender', max: 1 }), '203.0.113.7')), 'within');
  });

  it('counts all addresses of one IPv6 network together', () => {
    const { limits } = setUp();
    const source = limited({ by: 'ip', max: 1 });
    assert.equal(kind(limits.beforeBody(source, '2001:db8:0:1::1')), 'within');
    assert.equal(kind(limits.beforeBody(source, '2001:db8:0:1:9:9:9:9')), 'reject');
  });

  it('goes on counting over a reload that did not change it, and begins anew where it did', () => {
    const { limits } = setUp();
    void limits.afterVerify(limited({ max: 1 }), from('a'));
    assert.equal(kind(limits.afterVerify(limited({ max: 1 }), from('a'))), 'reject');
    assert.equal(kind(limits.afterVerify(limited({ max: 2 }), from('a'))), 'within');
  });

  it('does not hold a sender for longer than its time when the clock is set back', () => {
    const { clock, limits } = setUp();
    const source = limited({ max: 1 });
    void limits.afterVerify(source, from('a'));
    clock.ms -= DAY;
    assert.equal(kind(limits.afterVerify(source, from('a'))), 'within');
    assert.equal(kind(limits.afterVerify(source, from('a'))), 'reject');
  });

  it('remembers so many keys, and then forgets the one that was seen longest ago', () => {
    const { limits } = setUp(100);
    const source = limited({ max: 1, by: 'ip' });
    void limits.beforeBody(source, 'first');
    for (let n = 0; n < 99; n++) void limits.beforeBody(source, `other-${n}`);
    assert.equal(kind(limits.beforeBody(source, 'first')), 'reject');
    for (let n = 0; n < 100; n++) void limits.beforeBody(source, `more-${n}`);
    assert.equal(kind(limits.beforeBody(source, 'first')), 'within');
  });
});

describe('a limit that defers', () => {
  const defer = (limit: Partial<LimitConfig> = {}) => limited({ over: 'defer', ...limit });

  it('gives what is over one time after the other, at the limited rate', () => {
    const { limits } = setUp();
    const source = defer();
    for (let n = 0; n < 3; n++) assert.deepEqual(limits.afterVerify(source, from('a')), within);
    for (let n = 1; n <= 5; n++) {
      const expected = { kind: 'defer', notBefore: START + n * 20_000 };
      assert.deepEqual(limits.afterVerify(source, from('a')), expected);
    }
    assert.deepEqual(limits.afterVerify(source, from('b')), within);
  });

  it('lets no more than twice its number begin in any of its times, and no more than its rate over many', () => {
    const { clock, limits } = setUp();
    const source = defer({ max: 10 });
    const begins: number[] = [];
    for (let n = 0; n < 600; n++) {
      clock.ms += 500; // two a second for five minutes, against ten a minute
      const verdict = limits.afterVerify(source, from('a')) as LimitVerdict;
      begins.push(verdict.kind === 'defer' ? verdict.notBefore : clock.ms);
    }
    assert.deepEqual(
      begins,
      begins.toSorted((a, b) => a - b),
    );
    for (const begin of begins) {
      const inWindow = begins.filter(other => other >= begin && other < begin + MINUTE).length;
      assert.ok(inWindow <= 20, `${inWindow} within a minute`);
    }
    const overMs = begins.at(-1)! - begins[0]!;
    assert.ok(overMs >= 58 * MINUTE, `${overMs} ms for 600`);
  });

  it('is free again when what it was given is done', () => {
    const { clock, limits } = setUp();
    const source = defer();
    for (let n = 0; n < 6; n++) void limits.afterVerify(source, from('a'));
    clock.ms += 2 * MINUTE;
    for (let n = 0; n < 3; n++) assert.deepEqual(limits.afterVerify(source, from('a')), within);
    assert.equal(kind(limits.afterVerify(source, from('a'))), 'defer');
  });

  it('refuses what would have to wait for over a day, and reserves nothing for it', () => {
    const { clock, limits } = setUp();
    const source = defer({ max: 1, perMs: 6 * 60 * MINUTE });
    const verdicts = Array.from({ length: 5 }, () => kind(limits.afterVerify(source, from('a'))));
    assert.deepEqual(verdicts, ['within', 'defer', 'defer', 'defer', 'defer']);
    for (let n = 0; n < 3; n++) {
      assert.deepEqual(limits.afterVerify(source, from('a')), { kind: 'reject', retryAfterS: 6 * 3_600 });
    }
    clock.ms += 6 * 60 * MINUTE;
    assert.deepEqual(limits.afterVerify(source, from('a')), {
      kind: 'defer',
      notBefore: START + 30 * 60 * MINUTE,
    });
  });

  it('by address waits for the proof: unverified requests take nobody’s place', () => {
    const { limits } = setUp();
    const source = defer({ by: 'ip', max: 1 });
    for (let n = 0; n < 5; n++) assert.equal(kind(limits.beforeBody(source, '203.0.113.7')), 'within');
    assert.equal(kind(limits.afterVerify(source, from('a'))), 'within');
    assert.equal(kind(limits.afterVerify(source, from('b'))), 'defer');
  });

  it('does not make events wait for days when the clock is set back', () => {
    const { clock, limits } = setUp();
    const source = defer({ max: 1 });
    void limits.afterVerify(source, from('a'));
    clock.ms -= 10 * DAY;
    assert.equal(kind(limits.afterVerify(source, from('a'))), 'within');
  });
});

describe('limits', () => {
  it('apply to no source that has none', () => {
    const { limits } = setUp();
    const free = sourceConfig();
    assert.equal(limits.applies(free), false);
    assert.equal(limits.applies(limited({})), true);
    assert.deepEqual(limits.beforeBody(free, 'a'), within);
    assert.deepEqual(limits.afterVerify(free, from('a')), within);
  });

  it('count what they refused and deferred', () => {
    const { limits } = setUp();
    for (let n = 0; n < 4; n++) void limits.afterVerify(limited({ max: 1 }), from('a'));
    for (let n = 0; n < 3; n++) void limits.afterVerify(limited({ max: 1, over: 'defer' }), from('a'));
    assert.equal(limits.hits, 5);
    assert.deepEqual(limits.getStats(), { rejected: 3, deferred: 2 });
  });
});
