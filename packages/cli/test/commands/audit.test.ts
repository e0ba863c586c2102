import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditRecord } from '@ackline/store/audit';
import { auditJson, formatAudit } from '../../src/commands/audit.ts';
import { operatorName } from '@ackline/runtime/operator-name';

const RECORD: AuditRecord = {
  id: '7',
  at: new Date(0),
  actor: 'anna@ops-1',
  action: 'destination.paused',
  subject: 'bot',
  details: { reason: 'deploy\u001b[2J' },
};

test('what was done is listed with its time, who did it, and to what', () => {
  const [heading, line] = formatAudit([RECORD]).split('\n');
  assert.match(heading ?? '', /^TIME +ACTOR +ACTION +SUBJECT +DETAILS$/);
  assert.match(
    line ?? '',
    /^1970-01-01 00:00:00\.000 +anna@ops-1 +destination\.paused +bot +reason: deploy·\[2J$/,
  );
  assert.match(formatAudit([]), /^Nothing was paused/);
});

test('as JSON an entry of the audit is one line, its time in ISO form', () => {
  const json = auditJson(RECORD);
  assert.doesNotMatch(json, /\n/);
  assert.deepEqual(JSON.parse(json), { ...RECORD, at: '1970-01-01T00:00:00.000Z' });
});

test('who runs a command is named with the machine', () => {
  assert.match(operatorName(), /^.+@.+$/);
});
