import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dedupWindowMs } from '../../src/retaining/dedup-window.ts';

const DAY_MS = 86_400_000;

describe('the dedup window', () => {
  it('is what is configured, without Kafka and where the topic keeps records for less', () => {
    assert.equal(dedupWindowMs(8 * DAY_MS, null), 8 * DAY_MS);
    assert.equal(dedupWindowMs(8 * DAY_MS, 7 * DAY_MS), 8 * DAY_MS);
  });

  it('outlives the records of the topic by a day', () => {
    assert.equal(dedupWindowMs(8 * DAY_MS, 14 * DAY_MS), 15 * DAY_MS);
    assert.equal(dedupWindowMs(8 * DAY_MS, 7 * DAY_MS + 1), 8 * DAY_MS + 1);
  });

  it('is what is configured where the topic keeps records without end', () => {
    assert.equal(dedupWindowMs(8 * DAY_MS, -1), 8 * DAY_MS);
  });

  it('stays a time that PostgreSQL can reckon with', () => {
    assert.equal(dedupWindowMs(8 * DAY_MS, Number('9223372036854775807')), 36_500 * DAY_MS);
  });
});
