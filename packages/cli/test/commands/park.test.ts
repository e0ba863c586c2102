import assert from 'node:assert/strict';
import { test } from 'node:test';
import { causeJson, formatCauses, formatQuarantined, quarantinedJson } from '../../src/commands/park.ts';

const RECORD = { id: '7', origin: 'kafka:0:42', reason: 'unreadable\u001b[2J', quarantinedAt: new Date(0) };

test('quarantined records are counted, and listed with origin, reason and time', () => {
  const text = formatQuarantined({ total: 12, hasMore: false, records: [RECORD] });
  assert.match(text, /^12 records quarantined \(kept, but no event\), the newest 1 of them:\n/);
  assert.match(text, /1970-01-01 00:00:00\.000 +kafka:0:42 +unreadable·\[2J +7$/);
  assert.match(
    formatQuarantined({ total: 10_000, hasMore: true, records: [RECORD] }),
    /^10000 or more records/,
  );
  assert.doesNotMatch(formatQuarantined({ total: 1, hasMore: false, records: [RECORD] }), /newest/);
});

const CAUSE = {
  cause: 'crm 503',
  destination: 'crm',
  count: 12_345,
  hasMore: false,
  firstAt: new Date(0),
  lastAt: new Date(1_500),
  exampleId: '019ab2c4-0000-7000-8000-00000000000d',
};

test('a cause is listed with its count, its first and last time, and one delivery to look at', () => {
  const [heading, line] = formatCauses([CAUSE]).split('\n');
  assert.match(heading ?? '', /^CAUSE +COUNT +FIRST +LAST +EXAMPLE$/);
  assert.match(
    line ?? '',
    /^crm 503 +12,345 +1970-01-01 00:00:00\.000 +1970-01-01 00:00:01\.500 +019ab2c4-\S+$/,
  );
  assert.match(formatCauses([{ ...CAUSE, hasMore: true }]), / 12,345 or more +1970/);
  assert.equal(formatCauses([]), 'Nothing is parked.');
});

test('a cause is whole, however long: it is what `replay start --cause` takes', () => {
  const cause = `${'a'.repeat(100)} 422`;
  assert.ok(formatCauses([{ ...CAUSE, cause }]).includes(`\n${cause}  `));
});

test('as JSON a cause is told from a delivery by its kind', () => {
  assert.deepEqual(JSON.parse(causeJson(CAUSE)), {
    ...CAUSE,
    kind: 'cause',
    firstAt: '1970-01-01T00:00:00.000Z',
    lastAt: '1970-01-01T00:00:01.500Z',
  });
});

test('no quarantined record is said too', () => {
  assert.equal(formatQuarantined({ total: 0, hasMore: false, records: [] }), 'No record is quarantined.');
});

test('a quarantined record is told from a parked delivery by its kind', () => {
  assert.deepEqual(JSON.parse(quarantinedJson(RECORD)), {
    ...RECORD,
    kind: 'quarantined',
    quarantinedAt: '1970-01-01T00:00:00.000Z',
  });
});
