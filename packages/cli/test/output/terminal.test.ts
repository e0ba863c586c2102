import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTerminal } from '../../src/output/terminal.ts';

function record(isTTY: boolean) {
  const written: string[] = [];
  const clock = { now: 0 };
  const terminal = createTerminal({
    out: { write: text => written.push(`out ${text}`) },
    err: { isTTY, write: text => written.push(`err ${text}`) },
    now: () => clock.now,
  });
  return { written, clock, terminal };
}

test('progress is rewritten in place on a terminal, and gone before the next line', () => {
  const { written, clock, terminal } = record(true);
  clock.now = 100;
  terminal.progress('1 of 9');
  terminal.line('done');
  assert.deepEqual(written, ['err \r\u001b[2K1 of 9', 'err \r\u001b[2K', 'out done\n']);
});

test('progress in a log file is said seldom, and without control characters', () => {
  const { written, clock, terminal } = record(false);
  for (clock.now = 0; clock.now < 20_500; clock.now += 100) terminal.progress('going on');
  assert.deepEqual(written, ['err going on\n', 'err going on\n']);
});
