import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type AttemptErrorClass,
  type AttemptResult,
  decideOutcome,
  type FinishedAttempt,
  isDestinationFailure,
  MAX_RETRY_AFTER_MS,
  type Outcome,
  saysNothing,
  toRow,
} from '../../../src/delivery/outcomes/outcome.ts';
import { seededRandom } from '../../seeded-random.ts';

const answer = (status: number, retryAfterMs: number | null = null): AttemptResult => ({
  kind: 'response',
  status,
  retryAfterMs,
  excerpt: 'why',
});
const failure = (errorClass: AttemptErrorClass): AttemptResult => ({ kind: 'error', errorClass });

const SCHEDULE = [5_000, 30_000, 120_000];

function decide(result: AttemptResult, tries = 0, random = () => 0.999_999): Outcome {
  return decideOutcome(result, tries, { retry: { scheduleMs: SCHEDULE, jitter: 'full' }, random });
}
const exactly = (result: AttemptResult, tries: number): Outcome =>
  decideOutcome(result, tries, { retry: { scheduleMs: SCHEDULE, jitter: 'none' }, random: () => 0 });

describe('what an attempt comes to', () => {
  it('is delivered for any 2xx, also at the last try', () => {
    for (const status of [200, 201, 204, 299])
      assert.deepEqual(decide(answer(status), 3), { kind: 'delivered' });
  });

  it('is another try for every other answer, redirects included, and for what brought none', () => {
    const results = [
      ...[301, 302, 307, 400, 401, 404, 409, 422, 429, 500, 502, 503, 599].map(status => answer(status)),
      ...(['timeout', 'connect', 'reset', 'tls', 'dns', 'other'] as const).map(failure),
    ];
    for (const result of results) assert.equal(decide(result).kind, 'retry', JSON.stringify(result));
  });

  it('is a hold for 410, whatever the schedule says', () => {
    for (const tries of [0, 3, 99])
      assert.deepEqual(decide(answer(410), tries), { kind: 'hold', reason: 'gone' });
  });

  it('is a hold where the process had to end: no try is used up', () => {
    assert.deepEqual(decide(failure('aborted'), 3), { kind: 'hold', reason: 'draining' });
  });

  it('is a hold where a process of transforms had to end, or had no turn for it', () => {
    assert.deepEqual(decide(failure('transform-killed'), 3), { kind: 'hold', reason: 'killed' });
    assert.deepEqual(decide(failure('transform-busy'), 3), { kind: 'hold', reason: 'busy' });
  });

  it('is by the schedule where a handler threw, or its thread ended under it', () => {
    for (const errorClass of ['handler-error', 'handler-ended'] as const) {
      assert.deepEqual(exactly(failure(errorClass), 0), { kind: 'retry', afterMs: 5_000 });
      assert.deepEqual(exactly(failure(errorClass), 3), { kind: 'park', reason: 'exhausted' });
    }
  });

  it('is when a handler asks for it, as a receiver does: not before the schedule, and up to a day', () => {
    const later = (retryAfterMs: number | null): AttemptResult => ({
      kind: 'error',
      errorClass: 'handler-later',
      retryAfterMs,
    });
    assert.deepEqual(exactly(later(60_000), 0), { kind: 'retry', afterMs: 60_000 });
    assert.deepEqual(exactly(later(1_000), 0), { kind: 'retry', afterMs: 5_000 });
    assert.deepEqual(exactly(later(null), 0), { kind: 'retry', afterMs: 5_000 });
    assert.deepEqual(exactly(later(MAX_RETRY_AFTER_MS * 9), 0), {
      kind: 'retry',
      afterMs: MAX_RETRY_AFTER_MS,
    });
    assert.deepEqual(exactly(later(60_000), 3), { kind: 'park', reason: 'exhausted' });
  });

  it('is parked at once where a handler gives the event up, or can’t read it', () => {
    assert.deepEqual(decide(failure('handler-refused')), { kind: 'park', reason: 'refused' });
    assert.deepEqual(decide(failure('handler-undecodable')), { kind: 'park', reason: 'undecodable' });
  });

  it('is a hold where a thread was ended for another call’s sake, was not free, or was not there: no try is used up', () => {
    for (const reason of ['interrupted', 'busy', 'not-ready'] as const) {
      const result = failure(`handler-${reason}`);
      assert.deepEqual(decide(result, 99), { kind: 'hold', reason });
      assert.equal(saysNothing(result), true);
    }
  });

  it('is parked at once where the stored event can’t be read', () => {
    assert.deepEqual(decide(failure('unreadable'), 0), { kind: 'park', reason: 'unreadable' });
  });

  it('is parked at once where HTTP can’t carry the event: no later try could', () => {
    assert.deepEqual(decide(failure('unsendable'), 0), { kind: 'park', reason: 'unsendable' });
  });

  it('follows the schedule and is parked behind its end: n waits, n + 1 tries', () => {
    const waits = [0, 1, 2, 3, 4].map(tries => exactly(answer(500), tries));
    assert.deepEqual(waits, [
      ...SCHEDULE.map(afterMs => ({ kind: 'retry', afterMs })),
      { kind: 'park', reason: 'exhausted' },
      { kind: 'park', reason: 'exhausted' },
    ]);
  });

  it('waits a random part of the scheduled time with full jitter, and no longer than it', () => {
    const random = seededRandom(7);
    const waits = Array.from({ length: 2_000 }, () => {
      const outcome = decide(answer(500), 1, random);
      return outcome.kind === 'retry' ? outcome.afterMs : -1;
    });
    assert.ok(waits.every(ms => ms >= 0 && ms < 30_000));
    assert.ok(Math.min(...waits) < 1_000 && Math.max(...waits) > 29_000);
  });

  it('waits as long as the receiver asks where that is longer, up to a day', () => {
    assert.deepEqual(exactly(answer(429, 60_000), 0), { kind: 'retry', afterMs: 60_000 });
    assert.deepEqual(exactly(answer(503, 1_000), 0), { kind: 'retry', afterMs: 5_000 });
    assert.deepEqual(exactly(answer(503, MAX_RETRY_AFTER_MS * 9), 0), {
      kind: 'retry',
      afterMs: MAX_RETRY_AFTER_MS,
    });
    assert.deepEqual(exactly(answer(503, 60_000), 3), { kind: 'park', reason: 'exhausted' });
  });
});

describe('the breaker', () => {
  it('counts what says that the destination is in trouble, and not what it says about one event', () => {
    const counted = [
      ...[500, 503, 599, 429, 408].map(status => answer(status)),
      ...(['timeout', 'connect', 'reset', 'tls', 'dns', 'other'] as const).map(failure),
      ...(['handler-error', 'handler-ended'] as const).map(failure),
    ];
    const not = [
      ...[200, 204, 302, 400, 401, 404, 410, 422].map(status => answer(status)),
      ...(['aborted', 'unreadable', 'unsendable'] as const).map(failure),
      ...(
        [
          'handler-declined',
          'handler-later',
          'handler-refused',
          'handler-undecodable',
          'handler-interrupted',
        ] as const
      ).map(failure),
    ];
    assert.deepEqual(
      counted.filter(result => !isDestinationFailure(result)),
      [],
    );
    assert.deepEqual(not.filter(isDestinationFailure), []);
  });

  it('learns nothing, not even that the destination is well, of what never asked it or is of one event alone', () => {
    const nothing = (
      ['aborted', 'no-leader', 'unreadable', 'unsendable', 'transform-busy', 'transform-error'] as const
    ).map(failure);
    const something = [answer(200), answer(404), answer(503), failure('timeout'), { kind: 'acked' } as const];
    assert.deepEqual(
      nothing.filter(result => !saysNothing(result)),
      [],
    );
    assert.deepEqual(something.filter(saysNothing), []);
  });
});

describe('the row of an outcome', () => {
  const finished = (outcome: Outcome, overrides: Partial<FinishedAttempt> = {}): FinishedAttempt => ({
    delivery: { id: 'd', eventId: 'event', leaseId: 'l' },
    result: answer(503),
    outcome,
    startedAt: new Date('2026-11-22T10:00:00.000Z'),
    ms: 12,
    onPark: 'continue',
    ...overrides,
  });

  it('names the lease, and tells the attempt', () => {
    assert.deepEqual(toRow(finished({ kind: 'retry', afterMs: 5_000 })), {
      id: 'd',
      leaseId: 'l',
      state: 'due',
      afterMs: 5_000,
      countsAsTry: true,
      parkReason: null,
      blocks: false,
      attempt: {
        at: '2026-11-22T10:00:00.000Z',
        ms: 12,
        outcome: 'retry',
        status: 503,
        error: null,
        excerpt: 'why',
        afterMs: 5_000,
      },
    });
  });

  it('is delivered', () => {
    const row = toRow(finished({ kind: 'delivered' }));
    assert.deepEqual([row.state, row.countsAsTry], ['delivered', true]);
  });

  it('is parked with its reason, and holds its key only where the destination says so', () => {
    const park: Outcome = { kind: 'park', reason: 'exhausted' };
    const goesOn = toRow(finished(park));
    assert.deepEqual([goesOn.state, goesOn.parkReason, goesOn.blocks], ['parked', 'exhausted', false]);
    assert.equal(toRow(finished(park, { onPark: 'block' })).blocks, true);
  });

  it('is due soon, with no try used up, where the delivery is held', () => {
    const result = failure('aborted');
    const row = toRow(finished({ kind: 'hold', reason: 'draining' }, { result }));
    assert.deepEqual([row.state, row.countsAsTry], ['due', false]);
    assert.ok(row.afterMs > 0);
    assert.deepEqual([row.attempt?.status, row.attempt?.error], [null, 'aborted']);
  });
});
