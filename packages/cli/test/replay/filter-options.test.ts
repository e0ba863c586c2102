import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { addFilterOptions, type FilterOptions, readFilter } from '../../src/replay/filter-options.ts';

const NOW = Date.parse('2026-11-22T12:00:00Z');

function parse(...args: string[]): FilterOptions {
  const command = addFilterOptions(new Command(), () => NOW)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  return command.parse(args, { from: 'user' }).opts();
}

test('an age is one before now, and a time is what it says, in UTC', () => {
  assert.equal(parse('--since', '90s').since, '2026-11-22T11:58:30.000Z');
  assert.equal(parse('--since', '2h').since, '2026-11-22T10:00:00.000Z');
  assert.equal(parse('--until', '7d').until, '2026-11-15T12:00:00.000Z');
  assert.equal(parse('--until', '2026-11-22T13:00:00+01:00').until, '2026-11-22T12:00:00.000Z');
  assert.equal(parse('--since', '2026-11-22').since, '2026-11-22T00:00:00.000Z');
  for (const text of ['1w', '2026-11-22T13:00', '2026-13-01', 'now', '1795372800', '']) {
    assert.throws(() => parse('--since', text), /age such as/, text);
  }
});

test('an age or a time that can not be meant is refused in words: of before our time, to come, or no day at all', () => {
  for (const text of ['999999d', '99999d', '1999-12-31', '0000-01-01', '0001-01-01T00:00:00Z']) {
    assert.throws(
      () => parse('--since', text),
      /argument '.*' is invalid\. It is before the year 2000/,
      text,
    );
    assert.throws(() => parse('--until', text), /is invalid\. It is before the year 2000/, text);
  }
  for (const text of ['2026-11-22T12:00:01Z', '2026-11-22T12:00:00-01:00', '9999-12-31']) {
    assert.throws(() => parse('--since', text), /is invalid\. It is still to come/, text);
    assert.throws(() => parse('--until', text), /is invalid\. It is still to come/, text);
  }
  for (const text of [
    '2026-02-30',
    '2025-02-29T10:00:00Z',
    '2026-11-22T25:00Z',
    '2026-11-22T10:00+99:00',
    '-5d',
  ]) {
    assert.throws(() => parse(`--since=${text}`), /age such as/, text);
  }
  assert.equal(parse('--since', '0s', '--until', '2024-02-29').since, '2026-11-22T12:00:00.000Z');
});

test('a filter has what is named, and nothing of the other options', () => {
  assert.deepEqual(
    readFilter({ ...parse('--cause', 'crm 503', '-t', 'acme'), rate: 5, yes: true } as FilterOptions),
    {
      state: 'parked',
      cause: 'crm 503',
      tenant: 'acme',
    },
  );
  assert.deepEqual(readFilter(parse('--state', 'discarded', '-r', 'all')), {
    state: 'discarded',
    route: 'all',
  });
});

test('everything that is parked, or delivered, is not sent for want of a filter', () => {
  assert.throws(() => readFilter(parse()), /Say which/);
  assert.throws(() => readFilter(parse('--state', 'delivered')), /Say which/);
});
