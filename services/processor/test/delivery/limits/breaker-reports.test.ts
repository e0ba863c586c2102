import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ChangedState, HealthReport } from '@ackline/store/destination-states';
import { type BreakerStore, createBreakerReports } from '../../../src/delivery/limits/breaker-reports.ts';
import { createSharedBreaker, type SharedBreaker } from '../../../src/delivery/limits/shared-breaker.ts';

const CONFIG = { failures: 2, resetMs: 60_000, slowStartMs: 0 };
const open = (name: string, failures = 2): ChangedState => ({
  name,
  status: 'OPEN',
  failures,
  version: 9,
  epoch: 1,
  reopensInMs: 60_000,
  probeEndsInMs: null,
  closedForMs: null,
  changed: true,
});

function harness(store: Partial<BreakerStore> = {}, duringWait: () => void = () => undefined) {
  const statements: (readonly HealthReport[])[] = [];
  const logged: string[] = [];
  const log = {
    error: (_: object, line: string) => void logged.push(line),
    warn: (_: object, line: string) => void logged.push(line),
    info: (_: object, line: string) => void logged.push(line),
  } as never;
  const counted = { waits: 0, learned: 0, opened: [] as string[] };
  const reports = createBreakerReports({
    log,
    store: {
      async reportHealth(given) {
        statements.push(given);
        return given.map(({ name }) => open(name));
      },
      endProbe: () => Promise.resolve(null),
      reset: () => Promise.resolve(null),
      ...store,
    },
    onLearned: () => (counted.learned += 1),
    onOpened: name => void counted.opened.push(name),
    async wait() {
      counted.waits += 1;
      duringWait();
    },
  });
  const breaker = (name: string): SharedBreaker =>
    createSharedBreaker(name, CONFIG, { now: () => 0, onNews: news => reports.add(news) });
  return { reports, statements, logged, counted, breaker };
}
const fail = (breaker: SharedBreaker, times: number) => {
  for (let n = 0; n < times; n++) breaker.tryAcquire()!.failure();
};

describe('what is told of breakers', () => {
  it('is one statement for all destinations, and a circuit that it opened is one line', async () => {
    const h = harness();
    const [crm, erp] = [h.breaker('crm'), h.breaker('erp')];
    fail(crm, 2);
    fail(erp, 2);
    await h.reports.flush();
    assert.deepEqual(
      h.statements.map(reports => reports.map(({ name, failures }) => [name, failures])),
      [
        [
          ['crm', 2],
          ['erp', 2],
        ],
      ],
    );
    assert.deepEqual(h.logged, Array(2).fill('Circuit breaker OPEN - 2 failures'));
    assert.deepEqual(h.counted.opened, ['crm', 'erp']);
    assert.equal(crm.view.status, 'OPEN');
    assert.ok(h.counted.learned > 0);
  });

  it('is nothing while all is well, and no line where another opened it', async () => {
    const h = harness({ reportHealth: async () => [{ ...open('crm'), changed: false }] });
    const crm = h.breaker('crm');
    crm.tryAcquire()!.success();
    await h.reports.flush();
    assert.deepEqual(h.statements, []);
    fail(crm, 1);
    await h.reports.flush();
    assert.equal(crm.view.status, 'OPEN');
    assert.deepEqual(h.logged, []);
  });

  it('goes into the next statement where it comes while one runs', async () => {
    const first = Promise.withResolvers<readonly ChangedState[]>();
    const statements: (readonly HealthReport[])[] = [];
    const h = harness({
      reportHealth(given) {
        statements.push(given);
        return statements.length === 1 ? first.promise : Promise.resolve([]);
      },
    });
    const [crm, erp] = [h.breaker('crm'), h.breaker('erp')];
    fail(crm, 1);
    await new Promise<void>(resolve => setImmediate(() => setImmediate(resolve)));
    fail(erp, 1);
    fail(crm, 1);
    first.resolve([]);
    await h.reports.flush();
    assert.deepEqual(
      statements.map(reports => reports.map(({ name, failures }) => `${name} ${failures}`).sort()),
      [['crm 1'], ['crm 1', 'erp 1']],
    );
  });

  it('is told again while PostgreSQL is away, with what came meanwhile', async () => {
    let away = 2;
    const counts: number[] = [];
    const back = Promise.withResolvers<void>();
    const h = harness(
      {
        async reportHealth(given) {
          counts.push(given[0]!.failures);
          if (away-- > 0) throw new Error('connection refused');
          back.resolve();
          return given.map(({ name }) => open(name));
        },
      },
      () => second.failure(),
    );
    const crm = h.breaker('crm');
    const second = crm.tryAcquire()!;
    fail(crm, 1);
    await back.promise;
    await h.reports.flush();
    assert.deepEqual(counts, [1, 2, 2]);
    assert.deepEqual(h.logged, ['breaker.not-told', 'breaker.not-told', 'Circuit breaker OPEN - 2 failures']);
    assert.equal(h.counted.waits, 2);
  });

  it('does not hold up the end of a process where PostgreSQL stays away', async () => {
    const h = harness({ reportHealth: () => Promise.reject(new Error('connection refused')) });
    fail(h.breaker('crm'), 1);
    await h.reports.flush();
    assert.deepEqual(h.logged, ['breaker.not-told']);
  });
});
