import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { storableJson } from '../src/storable-json.ts';

const half = '😀'.slice(0, 1);
const otherHalf = '😀'.slice(1);

describe('JSON for PostgreSQL', () => {
  const texts = [
    ['plain', 'plain'],
    ['\u0000', '\ufffd'],
    [`a${half}b${otherHalf}`, 'a\ufffdb\ufffd'],
    [`${otherHalf}${half}`, '\ufffd\ufffd'],
    ['😀\n\u0001"\u007f', '😀\n\u0001"\u007f'],
    ['\\u0000', '\\u0000'],
    ['\\\\u0000 \\\u0000 \\ud83d', '\\\\u0000 \\\ufffd \\ud83d'],
  ] as const;
  for (const [given, stored] of texts) {
    it(`keeps ${JSON.stringify(given)} but for what it can not hold, in values and names`, () => {
      assert.deepEqual(JSON.parse(storableJson({ [given]: [given] })), { [stored]: [stored] });
    });
  }
});
