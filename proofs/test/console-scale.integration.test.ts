import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runConsoleScale } from '../src/console-scale/run-console-scale.ts';

// The short form of `npm run proof -- console-scale`: what is read, and that followers miss nothing. How long it takes is for a machine at rest.

describe('the console on a full database', () => {
  it('answers every call of its pages by an index, and its live stream skips nothing beside live webhooks', async () => {
    const { calls, plans, rounds, followed } = await runConsoleScale({
      events: 50_000,
      parked: 10_000,
      calls: 1,
      rate: 20,
      roundSeconds: 2,
      rounds: 1,
      log: () => undefined,
    });
    assert.ok(calls.length > 30 && calls.every(({ bytes }) => bytes > 0));
    assert.deepEqual(
      plans.flatMap(({ name, whole }) => whole.map(table => `${name}: ${table}`)),
      [],
    );
    assert.ok(rounds.every(({ times }) => times.length > 0));
    assert.ok(followed.seen > 0);
  });
});
