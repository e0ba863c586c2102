import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { runInterleavings } from './interleavings/run.ts';

const RUNS = 20;
const STEPS = 250;
/** Another one by INTERLEAVINGS_SEED, to see a failure again. The order in which PostgreSQL answers stays its own. */
const SEED = Number(process.env['INTERLEAVINGS_SEED'] ?? 20_261_128);

describe('storing, delivering, failing, dying and replaying in any order', () => {
  let database: TestDatabase;
  before(async () => {
    database = await createTestDatabase();
  });
  after(() => database.close());

  it('keeps each key’s order, sends each delivery, counts each outcome, and loses nothing', async () => {
    const sum = { events: 0, sends: 0, slow: 0 };
    for (let run = 0; run < RUNS; run++) {
      const seed = SEED + run;
      const { broken, events, sends, slow } = await runInterleavings({
        url: database.url,
        seed,
        steps: STEPS,
      });
      assert.deepEqual(broken, [], `INTERLEAVINGS_SEED=${seed}`);
      sum.events += events;
      sum.sends += sends;
      sum.slow += slow;
    }
    console.log(JSON.stringify(sum));
  });
});
