import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { validate, version } from 'uuid';
import { createEventIds, isOfSameProcess, newEventId } from '../src/event-id.ts';

/** The time that the id itself holds. */
const timeOf = (id: string) => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);

const NOW_MS = 1_795_372_800_000;

describe('event ids', () => {
  it('are lower-case UUIDs of version 7 that hold the time', () => {
    const id = createEventIds()(NOW_MS);
    assert.ok(validate(id));
    assert.equal(version(id), 7);
    assert.equal(id, id.toLowerCase());
    assert.equal(timeOf(id), NOW_MS);
  });

  it('grow within one millisecond, 20,000 times', () => {
    const next = createEventIds();
    let last = '';
    for (let n = 0; n < 20_000; n++) {
      const id = next(NOW_MS);
      assert.ok(id > last, `${id} comes after ${last}`);
      last = id;
    }
  });

  it('grow when the clock is set back', () => {
    const next = createEventIds();
    const before = next(NOW_MS);
    assert.ok(next(NOW_MS - 3_600_000) > before);
  });

  it('follow the clock again when it is ahead', () => {
    const next = createEventIds();
    next(NOW_MS);
    assert.equal(timeOf(next(NOW_MS + 5)), NOW_MS + 5);
  });

  it('differ between two sources in the same millisecond', () => {
    assert.notEqual(createEventIds()(NOW_MS), createEventIds()(NOW_MS));
  });

  it('tell whether they are of one process, also beyond the random bytes that are made at a time', () => {
    const [one, other] = [createEventIds(), createEventIds()];
    const first = one(NOW_MS);
    for (let n = 1; n < 600; n++) assert.ok(isOfSameProcess(first, one(NOW_MS + n)), `the id after ${n}`);
    assert.ok(!isOfSameProcess(first, other(NOW_MS)));
  });

  it('take the time of now when none is given', () => {
    const before = Date.now();
    const time = timeOf(newEventId());
    assert.ok(time >= before);
    assert.ok(newEventId() < newEventId());
  });

  for (const nowMs of [-1, 1.5, Number.NaN, 2 ** 48]) {
    it(`refuse the time ${nowMs}`, () => {
      assert.throws(() => createEventIds()(nowMs), {
        name: 'RangeError',
        message: `nowMs should be an integer in [0, 281474976710655], got ${nowMs}`,
      });
    });
  }
});
