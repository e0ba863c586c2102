import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SecretUse } from '@ackline/store/secret-uses';
import { isRemovable } from '@ackline/store/source-secrets';
import { describeUse } from '../../src/sources/secret-state.ts';

const NOW = Date.UTC(2026, 10, 22, 12);
const HOUR_MS = 3_600_000;
const before = (hours: number) => new Date(NOW - hours * HOUR_MS);

/** In hours ago; `usedH` null: never. */
function use(listedH: number, usedH: number | null, more: Partial<SecretUse> = {}): SecretUse {
  return {
    source: 'crm',
    fingerprint: `of ${listedH} ${usedH}`,
    firstListedAt: before(listedH),
    watchedMs: listedH * HOUR_MS,
    listedAgeMs: 20_000,
    lastUsedAt: usedH === null ? null : before(usedH),
    lastUsedAgeMs: usedH === null ? null : usedH * HOUR_MS,
    uses: usedH === null ? 0 : 500,
    othersSince: 1_204,
    ...more,
  };
}

const newer = use(100, 0.1, { othersSince: 0 });

describe('a secret is safe to remove', () => {
  it('after three days without a request, of which newer ones proved ten or more', () => {
    for (const old of [use(900, 74), use(900, 72), use(900, null), use(900, 74, { othersSince: 10 })])
      assert.equal(isRemovable(old, [old, newer]), true, old.fingerprint);
  });

  it('never before, and never by a handful of requests', () => {
    for (const old of [use(900, 71.9), use(900, 0), use(900, 74, { othersSince: 9 })])
      assert.equal(isRemovable(old, [old, newer]), false, old.fingerprint);
  });

  it('never where it is the only one or the newest, however long it was quiet', () => {
    const only = use(900, 800);
    assert.equal(isRemovable(only, [only]), false);
    const prepared = use(100, null);
    const active = use(900, 0.1);
    assert.equal(isRemovable(prepared, [active, prepared]), false);
    assert.equal(isRemovable(use(100, 80), [active, use(100, 80)]), false, 'tried once, and given up');
  });

  it('never where nobody can say which one is newer', () => {
    const together = use(100, 80);
    assert.equal(isRemovable(together, [together, newer]), false);
  });

  it('never where what is newer was not used, or before it, or is taken out again', () => {
    const old = use(900, 74);
    for (const other of [use(100, null), use(100, 80), use(100, 0.1, { listedAgeMs: HOUR_MS })])
      assert.equal(isRemovable(old, [old, other]), false, other.fingerprint);
  });

  it('never where uses were not noted for all of the time', () => {
    const old = use(900, 74, { watchedMs: 71 * HOUR_MS });
    assert.equal(isRemovable(old, [old, newer]), false);
  });

  it('also where a third one is on its way', () => {
    const old = use(900, 74);
    const prepared = use(1, null);
    assert.deepEqual(
      [old, newer, prepared].map(each => isRemovable(each, [old, newer, prepared])),
      [true, false, false],
    );
  });
});

describe('the use of a secret in words', () => {
  it('says when it was last used, or since when never', () => {
    const text = (each: SecretUse | null) =>
      describeUse(each === null ? null : { ...each, safeToRemove: false }, NOW);
    assert.equal(text(use(900, 3)), 'last used 3.0 h ago, 500 times');
    assert.equal(text(use(48, null)), 'never used since it was listed 48.0 h ago');
    assert.equal(text(null), 'no ingress has it yet');
    assert.equal(
      text(use(900, 3, { listedAgeMs: HOUR_MS })),
      'last used 3.0 h ago, 500 times; no ingress has had it for 60 min',
    );
  });

  it('says what is safe to remove, and why', () => {
    assert.equal(
      describeUse({ ...use(900, 74), safeToRemove: true }, NOW),
      'last used 74.0 h ago, 500 times; safe to remove: newer ones are used, and the others proved 1,204 requests since',
    );
  });
});
