import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reportTo, type ResultLine, type TestEvent } from '../test-tiers/tier-reporter.ts';

const recorded: ResultLine[] = [];

async function print(...events: TestEvent[]): Promise<string> {
  async function* all(): AsyncGenerator<TestEvent> {
    yield* events;
  }
  return (await Array.fromAsync(reportTo(line => recorded.push(line), all()))).join('');
}

const test = (name: string, error?: object): TestEvent => ({
  type: error === undefined ? 'test:pass' : 'test:fail',
  data: { name, nesting: 1, details: error === undefined ? {} : { error: error as Error } },
});

describe('the tier reporter', () => {
  it('says nothing of what passes, and gives a failure with its suite and its error', async () => {
    const suite: TestEvent = { type: 'test:start', data: { name: 'the inbox', nesting: 0 } };
    const printed = await print(
      suite,
      test('takes rows'),
      test('keeps order', { cause: new Error('2 before 1') }),
    );
    assert.doesNotMatch(printed, /takes rows/);
    assert.match(printed, /FAILED the inbox > keeps order\n.*2 before 1/);
    assert.deepEqual(recorded.splice(0), [{ kind: 'failure', name: 'the inbox > keeps order' }]);
  });

  it('does not repeat a failure for each suite around it', async () => {
    assert.equal(await print(test('the suite', { failureType: 'subtestsFailed' })), '');
  });

  it('records what was skipped, and why', async () => {
    const skipped = test('runs as root');
    Object.assign(skipped.data, { skip: 'only root can' });
    assert.equal(await print(skipped), '');
    assert.deepEqual(recorded.splice(0), [{ kind: 'skip', name: 'runs as root', reason: 'only root can' }]);
  });

  it('marks a file in which a test was cancelled as failed', async () => {
    const counts = { tests: 2, passed: 1, failed: 0, skipped: 0, cancelled: 1, todo: 0 };
    const summary: TestEvent = {
      type: 'test:summary',
      data: { file: 'x.test.ts', duration_ms: 1_500, counts },
    };
    assert.equal(await print(summary), '  FAILED x.test.ts  2 tests, 1.5 s\n');
  });
});
