import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { OnceOutcome } from '@ackline/handlers/thread/protocol';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool, QueryConfig } from 'pg';
import { createOnceService, type OnceResult } from '../../src/handling/once-service.ts';
import { openPool } from '../events.ts';
import { callerOf, type TestCaller } from './callers.ts';

describe('ctx.once of handlers', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
  });
  beforeEach(async () => {
    await pool.query('truncate handler_once');
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  /** As another process has it. */
  function start(using: Pick<Pool, 'query'> = pool) {
    const begun: (readonly [string, OnceResult])[] = [];
    const logged: (readonly [object, string])[] = [];
    const service = createOnceService({
      pool: using,
      onBegun: (destination, result) => void begun.push([destination, result]),
      log: { warn: (fields: object, event: string) => void logged.push([fields, event]) } as never,
    });
    const begin = (caller: TestCaller, uncertain: 'skip' | 'again' = 'skip', key = 'reply:1') =>
      service['once.begin']({ key, uncertain }, caller);
    async function claim(caller: TestCaller, key = 'reply:1'): Promise<string> {
      const answer = await begin(caller, 'skip', key);
      assert.ok(answer.kind === 'claimed', answer.kind);
      return answer.claim;
    }
    const end = (caller: TestCaller, claim: string, outcome: OnceOutcome) =>
      service['once.end']({ key: 'reply:1', claim, outcome }, caller);
    return { begin, claim, end, begun, logged };
  }
  const kindOf = async (answer: Promise<{ kind: string }>) => (await answer).kind;

  it('is done by one, and the others get its result, here and in other processes', async () => {
    const [one, other] = [start(), start()];
    const caller = callerOf();
    const claim = await one.claim(caller);
    await one.end(caller, claim, { kind: 'done', result: '{"id":9007199254740993}' });
    const kept = { kind: 'kept', result: '{"id":9007199254740993}' };
    assert.deepEqual(await one.begin(callerOf()), kept);
    assert.deepEqual(await other.begin(callerOf()), kept);
    assert.deepEqual(one.begun, [
      ['bot', 'claimed'],
      ['bot', 'kept'],
    ]);
  });

  it('that came to nothing is kept as that', async () => {
    const one = start();
    const caller = callerOf();
    await one.end(caller, await one.claim(caller), { kind: 'done', result: null });
    assert.deepEqual(await one.begin(callerOf()), { kind: 'kept', result: null });
  });

  it('is done by one alone where many begin at once, also of one job', async () => {
    const one = start();
    const caller = callerOf();
    const kinds = await Promise.all(Array.from({ length: 20 }, () => kindOf(one.begin(caller))));
    assert.deepEqual(
      kinds.filter(kind => kind !== 'busy'),
      ['claimed'],
    );
  });

  it('that was not done is free again at once', async () => {
    const [one, other] = [start(), start()];
    const caller = callerOf();
    await one.end(caller, await one.claim(caller), { kind: 'undone' });
    assert.equal(await kindOf(other.begin(callerOf())), 'claimed');
  });

  it('that may have been done is not done again, and an operator is told; unless it may be repeated', async () => {
    const one = start();
    const caller = callerOf();
    await one.end(caller, await one.claim(caller), { kind: 'maybe-done' });
    const next = callerOf();
    assert.equal(await kindOf(one.begin(next)), 'uncertain');
    const { destination, delivery, eventId } = next;
    assert.deepEqual(one.logged, [[{ destination, delivery, eventId }, 'once.uncertain']]);
    assert.equal(await kindOf(one.begin(callerOf(), 'again')), 'claimed');
  });

  it('of a job that was ended is left at once, for any other to know (OS1)', async () => {
    const [one, other] = [start(), start()];
    const ended = callerOf();
    await one.claim(ended);
    assert.equal(await kindOf(other.begin(callerOf())), 'busy');
    ended.end();
    await waitFor(async () => (await kindOf(other.begin(callerOf()))) === 'uncertain');
    assert.equal(await kindOf(one.begin(callerOf())), 'uncertain');
  });

  it('of a job that was ended while it was being claimed is free again: nothing was done (OS3)', async () => {
    const [one, other] = [start(), start()];
    const ended = callerOf();
    const begun = one.begin(ended);
    ended.end();
    assert.equal(await kindOf(begun), 'claimed');
    await waitFor(async () => (await kindOf(other.begin(callerOf()))) === 'claimed');
  });

  it('that was claimed by an answer that never came is free again: nothing was done (OS3)', async () => {
    let connection: 'breaks' | 'gone' | 'back' = 'breaks';
    const one = start({
      query: (async (query: QueryConfig) => {
        if (connection === 'gone') throw new Error('there is no connection');
        if (connection === 'breaks') connection = 'gone';
        const answer = await pool.query(query);
        if (connection === 'gone') throw new Error('the connection broke');
        return answer;
      }) as Pool['query'],
    });
    const caller = callerOf();
    await assert.rejects(one.begin(caller));
    assert.equal((await pool.query('select from handler_once')).rowCount, 1);
    connection = 'back';
    await waitFor(async () => (await pool.query('select from handler_once')).rowCount === 0);
    assert.equal(await kindOf(one.begin(caller)), 'claimed');
  });

  it('of a job that has done it stays kept when the job ends', async () => {
    const one = start();
    const caller = callerOf();
    await one.end(caller, await one.claim(caller), { kind: 'done', result: '1' });
    caller.end();
    assert.deepEqual(await one.begin(callerOf()), { kind: 'kept', result: '1' });
  });

  it('of a process that is gone is uncertain to the next try of its delivery, which waits for nothing', async () => {
    const [killed, next] = [start(), start()];
    const first = callerOf();
    await killed.claim(first); // and never a word again
    assert.equal(await kindOf(next.begin(callerOf({ delivery: first.delivery }))), 'uncertain');
    assert.equal(await kindOf(next.begin(callerOf())), 'busy'); // of another delivery, until its time is over (OS2)
  });

  it('is of its destination and its key', async () => {
    const one = start();
    await one.claim(callerOf());
    assert.equal(await kindOf(one.begin(callerOf({ destination: 'other' }))), 'claimed');
    assert.equal(await kindOf(one.begin(callerOf(), 'skip', 'reply:2')), 'claimed');
  });

  it('is not begun while PostgreSQL does not answer, and is not lost by that', async () => {
    let isAway = true;
    const one = start({
      query: ((...args: Parameters<Pool['query']>) =>
        isAway ? Promise.reject(new Error('away')) : pool.query(...args)) as Pool['query'],
    });
    const caller = callerOf();
    await assert.rejects(one.begin(caller));
    isAway = false;
    assert.equal(await kindOf(one.begin(caller)), 'claimed');
  });
});
