import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import type { LaneOffset } from '@ackline/store/lanes';
import { createLanePositions } from '../src/lane-positions.ts';

/** A Kafka client and a database that answer when the test says so. */
function harness() {
  const calls: string[] = [];
  const questions: PromiseWithResolvers<readonly LaneOffset[]>[] = [];
  const errors: string[] = [];
  const setBack: string[] = [];
  const positions = createLanePositions({
    reader: {
      pause: lanes => void calls.push(`pause ${lanes.join()}`),
      resume: lanes => void calls.push(`resume ${lanes.join()}`),
      seek: (lane, offset) => void calls.push(`seek ${lane} ${offset}`),
    },
    topicId: 'topic',
    readOffsets(topicId) {
      assert.equal(topicId, 'topic');
      const question = Promise.withResolvers<readonly LaneOffset[]>();
      questions.push(question);
      return question.promise;
    },
    setLaneBack: async ({ lane, topicId, from, to }) =>
      void setBack.push(`${topicId} ${lane} ${from} to ${to}`),
    watermarks: {
      lowWatermarks: async () =>
        new Map([
          [0, 5n],
          [1, 5n],
          [2, 5n],
        ]),
      highWatermarks: async () =>
        new Map([
          [0, 100n],
          [1, 100n],
          [2, 100n],
        ]),
    },
    log: {
      warn: () => undefined,
      error: (_: unknown, line?: string) => void errors.push(String(line)),
    } as never,
  });
  const takeCalls = () => calls.splice(0);
  return { positions, questions, takeCalls, errors, setBack };
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
}

function timed(name: string, body: () => Promise<void>): void {
  it(name, async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      await body();
    } finally {
      mock.timers.reset();
    }
  });
}

const offsets = (...next: (bigint | null)[]) => next.map((nextOffset, lane) => ({ lane, nextOffset }));

describe('lane positions', () => {
  timed('stop all lanes of an assignment at once and start each where PostgreSQL says', async () => {
    const { positions, questions, takeCalls } = harness();
    positions.assign([0, 1]);
    assert.deepEqual(takeCalls(), ['pause 0,1']);
    assert.equal(positions.expected(0), null);
    questions[0]!.resolve(offsets(70n, null));
    await settle();
    assert.deepEqual(takeCalls(), ['seek 0 70', 'seek 1 5', 'resume 0,1']);
    assert.equal(positions.expected(0), 70n);
    assert.equal(positions.expected(1), 5n);
    assert.equal(positions.expected(2), null, 'not ours');
  });

  timed('set a lane back in PostgreSQL before reading it, where its log became shorter', async () => {
    const { positions, questions, takeCalls, errors, setBack } = harness();
    positions.assign([0, 1]);
    questions[0]!.resolve(offsets(101n, 100n));
    await settle();
    assert.deepEqual(setBack, ['topic 0 101 to 5']);
    assert.deepEqual(takeCalls(), ['pause 0,1', 'seek 0 5', 'seek 1 100', 'resume 0,1']);
    assert.deepEqual(errors, ['kafka.lane-restarted']);
  });

  timed('drop the answer to a question of an earlier assignment', async () => {
    const { positions, questions, takeCalls } = harness();
    positions.assign([0]);
    positions.assign([0]);
    takeCalls();
    questions[0]!.resolve(offsets(20n));
    await settle();
    assert.deepEqual(takeCalls(), []);
    questions[1]!.resolve(offsets(30n));
    await settle();
    assert.deepEqual(takeCalls(), ['seek 0 30', 'resume 0']);
  });

  timed('ask again, less and less often, while PostgreSQL does not answer', async () => {
    const { positions, questions } = harness();
    positions.assign([0]);
    for (const waitMs of [200, 400, 800, 1_600, 3_200, 5_000, 5_000]) {
      questions.at(-1)!.reject(new Error('away'));
      await settle();
      const asked = questions.length;
      mock.timers.tick(waitMs - 1);
      assert.equal(questions.length, asked);
      mock.timers.tick(1);
      assert.equal(questions.length, asked + 1);
    }
    questions.at(-1)!.resolve(offsets(9n));
    await settle();
    assert.equal(positions.expected(0), 9n);
  });

  timed('hold a failing lane back for its own growing wait, until it advances', async () => {
    const { positions, questions, takeCalls } = harness();
    positions.assign([0, 1]);
    questions[0]!.resolve(offsets(10n, 10n));
    await settle();
    for (const waitMs of [200, 400]) {
      takeCalls();
      positions.retryLater(1);
      assert.deepEqual(positions.retrying, [1]);
      assert.deepEqual(takeCalls(), ['pause 1']);
      mock.timers.tick(waitMs - 1);
      assert.deepEqual(takeCalls(), []);
      mock.timers.tick(1);
      assert.deepEqual(takeCalls(), ['resume 1']);
    }
    assert.equal(positions.expected(1), 10n, 'it goes on where it was');
    positions.advance(1, 11n);
    assert.deepEqual(positions.retrying, []);
    positions.retryLater(1);
    takeCalls();
    mock.timers.tick(200);
    assert.deepEqual(takeCalls(), ['resume 1']);
  });

  timed('stop a lane whose batch did not fit, and ask where it goes on', async () => {
    const { positions, questions, takeCalls } = harness();
    positions.assign([0, 1]);
    questions[0]!.resolve(offsets(10n, 10n));
    await settle();
    takeCalls();
    positions.reposition(1);
    assert.equal(positions.expected(1), null);
    assert.equal(positions.expected(0), 10n);
    mock.timers.tick(100);
    questions[1]!.resolve(offsets(10n, 40n));
    await settle();
    assert.deepEqual(takeCalls(), ['pause 1', 'seek 1 40', 'resume 1']);
  });

  timed('resume nothing of an earlier assignment, nor after the end', async () => {
    const { positions, questions, takeCalls } = harness();
    positions.assign([0]);
    questions[0]!.resolve(offsets(10n));
    await settle();
    positions.retryLater(0);
    positions.assign([0, 1]);
    takeCalls();
    mock.timers.tick(60_000);
    assert.deepEqual(takeCalls(), [], 'lane 0 has no position yet');
    positions.assign([1]);
    takeCalls();
    positions.stop();
    questions[2]!.resolve(offsets(1n, 1n));
    await settle();
    mock.timers.tick(60_000);
    assert.deepEqual(takeCalls(), []);
    positions.retryLater(0);
    positions.advance(0, 50n);
    assert.equal(positions.expected(0), null, 'a lane that went to another is not ours any more');
  });

  timed('know how far PostgreSQL had a lane, whatever the log holds of it', async () => {
    const { positions, questions } = harness();
    positions.assign([0, 1, 2]);
    assert.equal(positions.storedTo(0), null);
    questions[0]!.resolve(offsets(4n, null, 101n));
    await settle();
    const known = () => [0, 1, 2].map(lane => positions.storedTo(lane));
    assert.deepEqual(known(), [4n, null, 5n], 'the last one was set back');
    positions.advance(1, 30n);
    assert.deepEqual(known(), [4n, 30n, 5n]);
    positions.reposition(1);
    assert.deepEqual(known(), [4n, null, 5n]);
  });

  timed('find within ten seconds what PostgreSQL has lost of a lane that stands still', async () => {
    const { positions, questions, takeCalls, errors } = harness();
    positions.assign([0, 1, 2]);
    questions[0]!.resolve(offsets(10n, 10n, null));
    await settle();
    positions.advance(0, 40n);
    takeCalls();
    mock.timers.tick(10_000);
    questions[1]!.reject(new Error('away'));
    await settle();
    mock.timers.tick(10_000);
    positions.advance(1, 50n); // stored since it was asked: no loss
    questions[2]!.resolve(offsets(39n, 10n, null));
    await settle();
    assert.deepEqual(errors, ['kafka.lane-went-back']);
    assert.deepEqual(takeCalls(), ['pause 0']);
    mock.timers.tick(100);
    questions[3]!.resolve(offsets(39n, 50n, null));
    await settle();
    assert.deepEqual(takeCalls(), ['seek 0 39', 'resume 0']);
    mock.timers.tick(10_000);
    questions[4]!.resolve(offsets(null, 50n, null));
    await settle();
    assert.deepEqual(takeCalls(), ['pause 0'], 'all of it is gone');
  });

  timed('say loudly when a lane can not go on where it was', async () => {
    const { positions, questions, errors } = harness();
    positions.assign([0, 1, 2]);
    questions[0]!.resolve(offsets(4n, 101n, 100n));
    await settle();
    assert.deepEqual(errors, ['kafka.lane-restarted', 'kafka.lane-restarted']);
    assert.deepEqual(
      [0, 1, 2].map(lane => positions.expected(lane)),
      [5n, 5n, 100n],
    );
  });
});
