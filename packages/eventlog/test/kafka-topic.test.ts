import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { longestStayMs } from '../src/kafka-topic.ts';

const DAY_MS = 86_400_000;

describe('the longest stay of a record in a topic', () => {
  it('is longer than retention.ms by what a segment spans, since that goes as a whole', () => {
    assert.equal(longestStayMs({ retentionMs: 14 * DAY_MS, segmentMs: 7 * DAY_MS }), 21 * DAY_MS);
  });

  it('is without end where the topic keeps records so', () => {
    assert.equal(longestStayMs({ retentionMs: -1, segmentMs: 7 * DAY_MS }), -1);
  });
});
