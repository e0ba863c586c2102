import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '@ackline/shared/app-error';
import { connectPostgresGuard, guardPool, type PostgresGuard } from '../src/postgres-guard.ts';

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const REFUSED = new AppError('ACKLINE_POSTGRES_NOT_DURABLE');

/** Each ask takes the next of these: an error, or null for good. */
function checkOf(results: (Error | null)[]) {
  return async () => {
    const result = results.shift();
    if (result !== undefined && result !== null) throw result;
  };
}

describe('connectPostgresGuard', () => {
  it('is good at once when PostgreSQL is', async () => {
    const guard = await connectPostgresGuard({ check: checkOf([null]), log });
    assert.equal(guard.isGood, true);
    await guard.untilGood(new AbortController().signal);
  });

  it('refuses at the start a server that may not be used', async () => {
    await assert.rejects(connectPostgresGuard({ check: checkOf([REFUSED]), log }), REFUSED);
  });

  it('is not good while PostgreSQL is away, and asks until it answers', async () => {
    const check = checkOf([new Error('away'), new Error('away'), new Error('away'), null]);
    const guard = await connectPostgresGuard({ check, log, retryMs: 1 });
    assert.equal(guard.isGood, false);
    await guard.untilGood(new AbortController().signal);
    assert.equal(guard.isGood, true);
  });

  it('refuses a server that came back and may not be used', async () => {
    const guard = await connectPostgresGuard({
      check: checkOf([new Error('away'), REFUSED]),
      log,
      retryMs: 1,
    });
    await assert.rejects(guard.untilGood(new AbortController().signal), REFUSED);
    assert.equal(guard.isGood, false);
  });

  it('asks one that came back and may not be used again, for who has other logs, until it was put right', async () => {
    const check = checkOf([new Error('away'), REFUSED, new Error('away'), REFUSED, null]);
    const seen: unknown[] = [];
    const guard = await connectPostgresGuard({
      check() {
        if (seen.length > 0) seen.push([guard.isRefused, guard.failure]);
        return check();
      },
      log,
      retryMs: 1,
    });
    seen.push('asked once');
    await guard.keepAsking(new AbortController().signal);
    const refused = [true, 'ACKLINE_POSTGRES_NOT_DURABLE'];
    assert.deepEqual(seen.slice(1), [[false, null], refused, [false, null], refused]);
    assert.deepEqual([guard.isGood, guard.isRefused, guard.failure], [true, false, null]);
  });

  it('says at once what a server that came back is refused for, then every 30 s', async () => {
    let seconds = 0;
    const lines: unknown[] = [];
    const write = (facts: unknown, line?: string) => {
      const { code, waitedMs } = facts as { code: string; waitedMs: number };
      lines.push([line, code, waitedMs]);
    };
    const guard = await connectPostgresGuard({
      async check() {
        seconds += 10; // each question
        if (seconds === 10) throw new Error('away');
        if (seconds <= 70) throw REFUSED;
      },
      log: { ...log, error: write } as never,
      retryMs: 0,
      now: () => seconds * 1_000,
    });
    await guard.keepAsking(new AbortController().signal);
    assert.deepEqual(lines, [
      ['postgres.refused', 'ACKLINE_POSTGRES_NOT_DURABLE', 20_000],
      ['postgres.refused', 'ACKLINE_POSTGRES_NOT_DURABLE', 50_000],
    ]);
  });

  it('says at once that PostgreSQL is away and why, then every 30 s, and once that it is found', async () => {
    let seconds = 0;
    const lines: unknown[] = [];
    const write = (level: string) => (facts: unknown, line?: string) => {
      const { waitedMs } = facts as { waitedMs: number };
      lines.push([level, line, waitedMs]);
    };
    const away = Object.assign(new Error('no'), { code: 'ECONNREFUSED' });
    const guard = await connectPostgresGuard({
      async check() {
        seconds += 10; // each question
        if (seconds <= 80) throw away;
      },
      log: { info: write('info'), warn: write('warn') } as never,
      retryMs: 0,
      now: () => seconds * 1_000,
    });
    assert.equal(guard.failure, 'ECONNREFUSED');
    await guard.untilGood(new AbortController().signal);
    assert.deepEqual(lines, [
      ['warn', 'postgres.away-at-start', 10_000],
      ['warn', 'postgres.away-at-start', 40_000],
      ['warn', 'postgres.away-at-start', 70_000],
      ['info', 'postgres.found', 90_000],
    ]);
    assert.equal(guard.failure, null);
  });

  /** A server in use that answers each question with the next of `answers`, until there is none: what was seen before each, and logged. */
  async function inUse(
    answers: (Error | readonly string[])[],
    beforeEach: (guard: PostgresGuard, asked: number) => void = () => undefined,
  ) {
    const seen: unknown[] = [];
    const stop = new AbortController();
    const write = (level: string) => (facts: unknown, line?: string) => {
      const { code = null, weaknesses = null } = facts as { code?: string; weaknesses?: string[] };
      seen.push([level, line, ...[code, weaknesses].filter(fact => fact !== null)]);
    };
    let checked = 0;
    const guard = await connectPostgresGuard({
      check: async () => void (checked += 1),
      async checkAgain() {
        const next = answers.shift() ?? [];
        if (next instanceof Error) throw next;
        return next;
      },
      log: { info: write('info'), warn: write('warn'), error: write('error') } as never,
      async wait(ms, { aborted }) {
        if (!aborted) seen.push(`${ms / 1_000} s, ${guard.isGood ? 'good' : guard.failure}`);
        beforeEach(guard, seen.length);
        if (answers.length === 0) stop.abort();
      },
    });
    await guard.keepAsking(stop.signal);
    assert.equal(checked, 1, 'the schema of a server in use is asked no more');
    return { guard, seen };
  }

  it('asks a server in use each minute, gives it nothing once it was made weaker, and uses it again once it was put right', async () => {
    const { seen } = await inUse([[], [], REFUSED, REFUSED, [], []]);
    assert.deepEqual(seen, [
      '60 s, good',
      '60 s, good',
      ['error', 'postgres.refused', 'ACKLINE_POSTGRES_NOT_DURABLE'],
      '1 s, ACKLINE_POSTGRES_NOT_DURABLE',
      '1 s, ACKLINE_POSTGRES_NOT_DURABLE',
      ['info', 'postgres.found'],
      '60 s, good',
      '60 s, good',
    ]);
  });

  it('leaves it to the breaker of its tier whether a server in use answers', async () => {
    const { seen } = await inUse([[], new Error('away'), []]);
    assert.deepEqual(seen, ['60 s, good', '60 s, good', '60 s, good']);
  });

  it('takes on at once what a new connection was refused for, and asks again', async () => {
    let told = false;
    const { seen } = await inUse([[], REFUSED, []], guard => {
      if (told) return;
      told = true;
      guard.heard(new Error('away'));
      assert.equal(guard.isGood, true);
      guard.heard(REFUSED);
      assert.deepEqual([guard.isGood, guard.isRefused], [false, true]);
    });
    assert.deepEqual(seen, [
      '60 s, good',
      ['error', 'postgres.refused', 'ACKLINE_POSTGRES_NOT_DURABLE'],
      '1 s, ACKLINE_POSTGRES_NOT_DURABLE',
      ['info', 'postgres.found'],
      '60 s, good',
    ]);
  });

  it('names what a server in use is weaker in, once for as long as it is', async () => {
    const { guard, seen } = await inUse([['no standby'], ['no standby'], [], ['no standby']]);
    assert.deepEqual(seen, [
      ['warn', 'postgres.weaker', ['no standby']],
      '60 s, good',
      '60 s, good',
      '60 s, good',
      ['warn', 'postgres.weaker', ['no standby']],
      '60 s, good',
    ]);
    assert.deepEqual(guard.weaknesses, ['no standby']);
  });

  it('stops asking when the process ends', async () => {
    const guard = await connectPostgresGuard({
      check: () => Promise.reject(new Error('away')),
      log,
      retryMs: 3_600_000,
    });
    const stop = new AbortController();
    const waiting = guard.untilGood(stop.signal);
    stop.abort();
    await waiting;
    assert.equal(guard.isGood, false);
  });
});

describe('guardPool', () => {
  it('gives no event to a server that was not found good yet, and every one afterwards', async () => {
    const asked: unknown[] = [];
    const pool = { query: (async (...args: unknown[]) => void asked.push(args)) as never };
    const heard: unknown[] = [];
    const guard = { isGood: false, heard: (error: unknown) => void heard.push(error) };
    const guarded = guardPool(pool, guard);
    await assert.rejects(guarded.query('select 1'), { code: 'ACKLINE_POSTGRES_UNAVAILABLE' });
    assert.deepEqual(asked, []);
    guard.isGood = true;
    await guarded.query('select 1');
    assert.deepEqual(asked, [['select 1']]);
  });

  it('tells the guard what a server in use did not take', async () => {
    const heard: unknown[] = [];
    const guard = { isGood: true, heard: (error: unknown) => void heard.push(error) };
    const guarded = guardPool({ query: () => Promise.reject(REFUSED) }, guard);
    await assert.rejects(guarded.query('select 1'), REFUSED);
    assert.deepEqual(heard, [REFUSED]);
  });
});
