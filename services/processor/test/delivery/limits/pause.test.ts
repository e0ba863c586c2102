import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPause } from '../../../src/delivery/limits/pause.ts';

describe('a pause', () => {
  it('goes on and off as the list says', () => {
    const pause = createPause();
    assert.equal(pause.isOn, false);
    pause.learn(true, pause.mark());
    assert.equal(pause.isOn, true);
    pause.learn(false, pause.mark());
    assert.equal(pause.isOn, false);
  });

  it('that a 410 began is not ended by a list that was read before it was on that list', async () => {
    const pause = createPause();
    const recorded = Promise.withResolvers<void>();
    const before = pause.mark();
    const beginning = pause.begin(() => recorded.promise);
    assert.equal(pause.isOn, true);
    const during = pause.mark();
    pause.learn(false, before);
    pause.learn(false, during);
    assert.equal(pause.isOn, true);
    recorded.resolve();
    await beginning;
    pause.learn(false, during);
    assert.equal(pause.isOn, true);
    pause.learn(false, pause.mark()); // resumed by a person
    assert.equal(pause.isOn, false);
  });

  it('that could not be recorded ends with the next list', async () => {
    const pause = createPause();
    await assert.rejects(pause.begin(() => Promise.reject(new Error('away'))));
    assert.equal(pause.isOn, true);
    pause.learn(false, pause.mark());
    assert.equal(pause.isOn, false);
  });
});
