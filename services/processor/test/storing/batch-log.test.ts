import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '@ackline/shared/app-error';
import { logStored, logStoreFailure } from '../../src/storing/batch-log.ts';
import type { Item } from '../../src/storing/lane-item.ts';

function collect() {
  const lines: (readonly [Record<string, unknown>, string])[] = [];
  const take = (fields: object, text: string) => void lines.push([fields as Record<string, unknown>, text]);
  return { lines, log: { info: take, error: take } as never };
}

const BATCH = { stored: 2, fresh: [], duplicates: 1, unrouted: 0, keptWhole: [], starts: [], leftDue: [] };
const kafka = (lane: number) => ({ kind: 'event', place: { kind: 'kafka', lane } }) as unknown as Item;
const inbox = { kind: 'invalid', place: { kind: 'inbox', lane: 3 } } as unknown as Item;

describe('the line of a batch', () => {
  it('says where its events came from and what became of them', () => {
    const { lines, log } = collect();
    logStored(log, BATCH, { items: [kafka(3), kafka(1), inbox], ms: 12.4 });
    const [fields, text] = lines[0] ?? assert.fail('no line');
    assert.equal(text, 'Background processing completed: 2 stored');
    assert.deepEqual(fields, {
      event: 'batch.stored',
      fromKafka: 2,
      fromInbox: 1,
      lanes: [1, 3],
      stored: 2,
      duplicates: 1,
      unrouted: 0,
      quarantined: 1,
      started: 0,
      ms: 12,
    });
  });

  it('is not there for a look that found nothing free', () => {
    const { lines, log } = collect();
    logStored(log, { ...BATCH, stored: 0, duplicates: 0 }, { items: [], ms: 1 });
    assert.deepEqual(lines, []);
  });
});

describe('the line of a batch that failed', () => {
  it('has the words of the workers before, and the code in place of a text that may quote an event', () => {
    const { lines, log } = collect();
    logStoreFailure(log, new AppError('ACKLINE_POSTGRES_UNAVAILABLE'));
    logStoreFailure(log, Object.assign(new Error('quotes +4915187654321'), { code: '22P02' }));
    logStoreFailure(log, new TypeError('quotes +4915187654321'));
    assert.deepEqual(
      lines.map(([, text]) => text),
      ['ACKLINE_POSTGRES_UNAVAILABLE', '22P02', 'TypeError'].map(
        code => `Worker error processing webhook: ${code}`,
      ),
    );
  });
});
