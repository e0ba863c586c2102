import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatQuarantined, quarantinedJson } from '../../src/commands/park.ts';

const RECORD = { id: '7', origin: 'kafka:0:42', reason: 'unreadable\u001b[2J', quarantinedAt: new Date(0) };

test('quarantined records are counted, and listed with origin, reason and time', () => {
  const text = formatQuarantined({ total: 12, records: [RECORD] });
  assert.match(text, /^12 records quarantined \(kept, but no event\), the newest 1 of them:\n/);
  assert.match(text, /1970-01-01 00:00:00\.000 +kafka:0:42 +unreadable·\[2J$/);
  assert.doesNotMatch(formatQuarantined({ total: 1, records: [RECORD] }), /newest/);
});

test('no quarantined record is said too', () => {
  assert.equal(formatQuarantined({ total: 0, records: [] }), 'No record is quarantined.');
});

test('a quarantined record is told from a parked delivery by its kind', () => {
  assert.deepEqual(JSON.parse(quarantinedJson(RECORD)), {
    ...RECORD,
    kind: 'quarantined',
    quarantinedAt: '1970-01-01T00:00:00.000Z',
  });
});
