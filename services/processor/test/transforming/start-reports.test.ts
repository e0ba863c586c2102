import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createStartReports } from '../../src/transforming/start-reports.ts';

const why = { limited: true, signal: 'SIGABRT', isLate: false };

function setUp() {
  let time = 0;
  const lines: unknown[] = [];
  let counted = 0;
  const error = (fields: { err: { code: string }; failures: number }, text: string) =>
    lines.push([text, fields.err.code, fields.failures]);
  const reports = createStartReports({
    log: { error, info: (text: string) => lines.push(text) } as never,
    onFailed: () => (counted += 1),
    now: () => time,
  });
  return { reports, lines, counted: () => counted, at: (ms: number) => (time = ms) };
}

describe('processes of transforms that do not start', () => {
  it('are all counted, and told once a minute with how many there were', () => {
    const { reports, lines, counted, at } = setUp();
    for (const ms of [0, 1, 1_000, 59_999, 60_000, 61_000]) {
      at(ms);
      reports.failed(why);
    }
    assert.equal(counted(), 6);
    const code = 'ACKLINE_TRANSFORM_NOT_STARTED';
    assert.deepEqual(lines, [
      ['transform.start-failed', code, 1],
      ['transform.start-failed', code, 4],
    ]);
  });

  it('are over with the next one that starts, which is told once, and no oftener where they come and go', () => {
    const { reports, lines, at } = setUp();
    reports.succeeded();
    for (const ms of [0, 1_000, 2_000, 60_000]) {
      at(ms);
      reports.failed(why);
      reports.succeeded();
      reports.succeeded();
    }
    const code = 'ACKLINE_TRANSFORM_NOT_STARTED';
    assert.deepEqual(lines, [
      ['transform.start-failed', code, 1],
      'transform.started-again',
      ['transform.start-failed', code, 3],
      'transform.started-again',
    ]);
  });
});
