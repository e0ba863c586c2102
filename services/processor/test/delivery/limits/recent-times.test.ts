import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRecentTimes } from '../../../src/delivery/limits/recent-times.ts';
import { seededRandom } from '../../seeded-random.ts';

describe('recent times', () => {
  it('are those that a list would have, whatever is added, forgotten and dropped', () => {
    const random = seededRandom(10);
    const times = createRecentTimes();
    let list: number[] = [];
    for (let now = 0; now < 20_000; now++) {
      const count = Math.floor(random() * 4);
      times.add(now, count);
      list.push(...Array<number>(count).fill(now));
      if (random() < 0.01) {
        const dropped = Math.floor(random() * 500);
        times.dropNewest(dropped);
        list = list.slice(0, Math.max(0, list.length - dropped));
      }
      if (random() < 0.3) {
        const until = now - Math.floor(random() * 3_000);
        times.forget(until);
        list = list.filter(at => at > until);
      }
      assert.deepEqual([times.count, times.oldest], [list.length, list[0]]);
    }
  });
});
