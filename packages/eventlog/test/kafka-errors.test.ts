import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorName, meaningOf, namesThatMean } from '../src/kafka-errors.ts';

/** As Kafka's protocol numbers them. */
const MEANT = [
  [[10, 18, 87], 'refused'],
  [[2, 32], 'refused-now'],
  [[17], 'topic-refused'],
  [[3, 6, 74, 75], 'moved'],
  [[5], 'unled'],
] as const;

describe('an error of Kafka’s', () => {
  it('has a name by its number, and one meaning', () => {
    for (const [codes, meaning] of MEANT) {
      assert.deepEqual(
        codes.map(code => meaningOf(errorName(code))),
        codes.map(() => meaning),
      );
      assert.deepEqual(
        new Set(namesThatMean(meaning)),
        new Set(codes.map(errorName)),
        'and no name that Kafka does not have',
      );
    }
  });

  it('says nothing of the records where it is none of these, or nobody knows it', () => {
    for (const code of [7, 19, 9_999]) assert.equal(meaningOf(errorName(code)), null); // timed out, too few replicas
    assert.equal(meaningOf(null), null);
  });
});
