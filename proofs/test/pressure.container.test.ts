import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runFaults } from '../src/faults/faults.ts';

// The short form of `npm run proof -- faults`: two of its states, a few seconds each.

describe('the ingress while its logs are away', () => {
  it('answers 200 to nothing that is not stored in the end, and stores nothing twice, also when it is killed', async () => {
    const { rows, failed } = await runFaults({
      only: ['both logs paused'],
      rate: 60,
      seconds: 5,
      calmSeconds: 2,
      log: line => console.log(line),
    });
    assert.deepEqual(failed, []);
    assert.deepEqual(
      rows.map(row => row.state),
      ['both logs paused', 'ingress killed, both logs paused'],
    );
    for (const row of rows) {
      assert.deepEqual(row.broken, [], row.output);
      assert.ok(row.accepted > 0, row.state);
    }
  });
});
