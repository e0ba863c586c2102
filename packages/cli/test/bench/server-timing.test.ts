import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readServerTiming } from '../../src/bench/server-timing.ts';

test('what comes before the append is validation, and with it the time until it is durable', () => {
  const times = readServerTiming(
    'admit;dur=0.5, read;dur=1, verify;dur=2, identify;dur=0.25, append;dur=8, ack;dur=9',
  );
  assert.deepEqual(times, { validationMs: 3.75, signatureMs: 2, queuedMs: 11.75 });
});

test('an answer without an append was of a repeat', () => {
  assert.equal(readServerTiming('admit;dur=1, verify;dur=1, identify;dur=1')?.queuedMs, null);
});

test('a header of another server tells nothing', () => {
  for (const header of [
    null,
    '',
    'total;dur=12.1',
    'db;dur=1, app;dur=2',
    'xverify;dur=3',
    'verify;dur=-1',
  ]) {
    assert.equal(readServerTiming(header), null, String(header));
  }
  assert.equal(
    readServerTiming(`${'x;dur=1, '.repeat(10_000)}verify;dur=1`),
    null,
    'and is not read without end',
  );
});
