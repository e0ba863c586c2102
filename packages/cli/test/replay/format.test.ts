import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeAnnounced, describeWork, formatReplays } from '../../src/replay/format.ts';

const REPLAY = {
  id: '019ab2c4-0000-7000-8000-00000000000d',
  createdAt: new Date(0),
  createdBy: 'anna@ops-1',
  filter: { state: 'parked', cause: 'crm 503' },
  ratePerS: 50,
  trickle: 5,
  state: 'announced',
  counted: 100_000,
  released: 0,
  skipped: 0,
  left: 100_000,
  reason: null,
  changedAt: new Date(0),
  finishedAt: null,
} as const;

test('what would be sent is said in words, with its time', () => {
  assert.equal(
    describeAnnounced(REPLAY),
    '100,000 parked deliveries with the cause "crm 503", at 50 a second: about 33 min; 5 go first, the others when these have arrived.',
  );
  assert.equal(
    describeAnnounced({ ...REPLAY, counted: 1, filter: { state: 'parked' } }),
    '1 parked delivery, at 50 a second: about 20 ms.',
  );
  assert.equal(
    describeWork(2, {
      state: 'delivered',
      destination: 'crm',
      route: 'r',
      source: 's',
      tenant: 't',
      since: '1970-01-01T00:00:00Z',
    }),
    '2 delivered deliveries to crm, by the route r, of the source s, of the tenant t, since 1970-01-01 00:00:00.000',
  );
});

test('replays are listed with their counts, and no control character of a reason reaches the terminal', () => {
  const [heading, line] = formatReplays([{ ...REPLAY, state: 'stopped', reason: 'crm \u001b[2J' }]).split(
    '\n',
  );
  assert.match(heading ?? '', /^CREATED +BY +STATE +COUNTED +RELEASED +SKIPPED +LEFT +REPLAY$/);
  assert.match(line ?? '', /anna@ops-1 +stopped: crm ·\[2J +100,000 +0 +0 +100,000 +019ab2c4-\S+$/);
});
