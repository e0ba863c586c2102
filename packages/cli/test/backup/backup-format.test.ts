import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type BackupRecord,
  decodeRecords,
  encodeRecords,
  MAX_RECORD_BYTES,
} from '../../src/backup/backup-format.ts';

const RECORDS: readonly BackupRecord[] = [
  {
    kind: 'header',
    value: {
      createdAt: '2026-01-01T00:00:00.000Z',
      schemaVersion: 1,
      tables: [{ name: 'inbox', columns: ['n', 'id'], days: [] }],
    },
  },
  { kind: 'table', value: { name: 'inbox' } },
  { kind: 'rows', value: Buffer.from('rows of the first table') },
  { kind: 'rows', value: Buffer.from('and more') },
  { kind: 'table-end', value: { name: 'inbox', rows: 2 } },
  { kind: 'sequences', value: [{ name: 'event_seq', lastValue: '9007199254740993', isCalled: true }] },
];

async function* each<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

async function encode(records: readonly BackupRecord[]): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(encodeRecords(each(records))));
}

const decode = (...chunks: Buffer[]) => Array.fromAsync(decodeRecords(each(chunks)));

function refuses(bytes: Buffer, reason: RegExp, name: string): Promise<void> {
  return assert.rejects(decode(bytes), { code: 'ACKLINE_BACKUP_INVALID', message: reason }, name);
}

test('what was encoded comes back, however the bytes are cut', async () => {
  const bytes = await encode(RECORDS);
  assert.deepEqual(await decode(bytes), RECORDS);
  const single = Array.from(bytes, (_, index) => bytes.subarray(index, index + 1));
  assert.deepEqual(await decode(...single), RECORDS);
});

test('rows larger than a record are cut into several', async () => {
  const rows = Buffer.alloc(MAX_RECORD_BYTES + 1, 7);
  const decoded = await decode(
    await encode([...RECORDS.slice(0, 2), { kind: 'rows', value: rows }, ...RECORDS.slice(4)]),
  );
  const parts = decoded.flatMap(record => (record.kind === 'rows' ? [record.value] : []));
  assert.equal(parts.length, 2);
  assert.ok(Buffer.concat(parts).equals(rows));
});

test('a stream that ends anywhere before its end is torn', async () => {
  const bytes = await encode(RECORDS);
  for (let length = 0; length < bytes.length; length += 1) {
    await refuses(bytes.subarray(0, length), /ends too early/, `cut at ${length}`);
  }
});

test('one changed byte is found, wherever it is', async () => {
  const bytes = await encode(RECORDS);
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    await refuses(changed, /./, `changed at ${at}`);
  }
});

test('anything after the end is refused', async () => {
  const bytes = await encode(RECORDS);
  await refuses(Buffer.concat([bytes, Buffer.from([3])]), /follows its end/, 'a stray byte');
  await refuses(Buffer.concat([bytes, bytes]), /out of place/, 'a second backup');
});

test('a length that lies is refused before it is believed', async () => {
  const head = Buffer.alloc(5);
  head.writeUInt8(1, 0);
  head.writeUInt32BE(MAX_RECORD_BYTES + 1, 1);
  await refuses(head, /no known form/, 'too long');
});

test('records in another order are refused even with a right checksum', async () => {
  const withoutEnd = await encode([...RECORDS.slice(0, 4), ...RECORDS.slice(5)]);
  await refuses(withoutEnd, /sequences record is out of place/, 'a table that does not end');
  await refuses(await encode(RECORDS.slice(1)), /table record is out of place/, 'no header');
});
