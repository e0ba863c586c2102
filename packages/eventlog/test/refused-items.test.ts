import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { writeIsolating } from '../src/refused-items.ts';

class Refusal extends Error {}

/** A log that refuses every batch with one of these in it. */
function refusing(poison: readonly number[]) {
  const written: number[][] = [];
  const write = async (items: readonly number[]): Promise<void> => {
    if (items.some(item => poison.includes(item))) throw new Refusal('poison');
    written.push([...items]);
  };
  return { written, isolate: { write, isRefusal: (error: unknown) => error instanceof Refusal } };
}

const items = Array.from({ length: 100 }, (_, i) => i);

describe('write isolating', () => {
  it('writes a batch that nobody refuses once', async () => {
    const { written, isolate } = refusing([]);
    assert.equal(await writeIsolating(items, isolate), null);
    assert.deepEqual(written, [items]);
  });

  it('lets the refused items fail alone, and writes their neighbours in order', async () => {
    const { written, isolate } = refusing([17, 63]);
    const refused = await writeIsolating(items, isolate);
    assert.deepEqual([...(refused?.keys() ?? [])], [17, 63]);
    assert.deepEqual(
      written.flat(),
      items.filter(item => item !== 17 && item !== 63),
    );
  });

  it('gives up after a bounded number of writes when everything is refused', async () => {
    let writes = 0;
    const refused = await writeIsolating(
      Array.from({ length: 1_000 }, (_, i) => i),
      {
        write: async () => {
          writes += 1;
          throw new Refusal('all');
        },
        isRefusal: () => true,
      },
    );
    assert.equal(refused?.size, 1_000);
    assert.ok(writes <= 75, String(writes));
  });

  it('rejects when the log itself fails, also half-way', async () => {
    let writes = 0;
    const write = async (): Promise<void> => {
      writes += 1;
      throw writes === 1 ? new Refusal('poison') : new Error('connection lost');
    };
    await assert.rejects(
      writeIsolating(items, { write, isRefusal: error => error instanceof Refusal }),
      /connection lost/,
    );
  });
});
