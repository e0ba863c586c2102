import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createInboxConsumer } from '@ackline/eventlog/inbox-consumer';
import { peekInbox, peekInboxPast } from '@ackline/store/inbox';
import { ensureLanes } from '@ackline/store/lanes';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { spawnService } from '@ackline/testkit/spawn-service';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { createFanOutSteps } from '@ackline/shared/routing/fan-out';
import { createLaneStorer } from '../../src/storing/lane-storer.ts';
import { sourceConfig } from '../configs.ts';
import { appendToInbox, openPool, sampleEvent } from '../events.ts';

const HOLDER = fileURLToPath(new URL('./lane-holder.ts', import.meta.url));
/** The holder's pool has it; shorter than in use, so that the test is. */
const LIMIT_MS = 1_000;

describe('a processor that is stopped inside a storing transaction', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
    await ensureLanes(pool, 1);
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  function createConsumer() {
    const nothing = () => undefined;
    const storer = createLaneStorer({
      pool,
      lanes: () => 1,
      rules: () => ({
        desk: { tryReserve: () => null, start: nothing, wake: nothing },
        destinations: new Map(),
        providerOf: () => undefined,
        fanOut: createFanOutSteps({ sources: [sourceConfig()], routes: [] }),
      }),
      listener: { stored: nothing, quarantined: nothing, refused: nothing },
    });
    return createInboxConsumer({
      readStanding: async () => [],
      peek: limit => peekInbox(pool, limit),
      peekPast: look => peekInboxPast(pool, look),
      lanes: () => 1,
      watermarks: null,
      readOffsets: async () => [],
      storeInbox: ns => storer.storeInboxRows(ns),
      log: { warn: nothing, info: nothing } as never,
    });
  }

  it('loses its lane after the limit, and another stores the events', async () => {
    await using holder = await spawnService(HOLDER, { args: [database.url, String(LIMIT_MS)] });
    await waitFor(() => holder.output().includes('locked'), { timeoutMs: 30_000 });
    holder.kill('SIGSTOP');
    await appendToInbox(pool, [sampleEvent(), sampleEvent(), sampleEvent()]);
    const consumer = createConsumer();
    const stop = new AbortController();
    const running = consumer.run(stop.signal);
    try {
      await waitFor(() => consumer.snapshot().stored === 3, { timeoutMs: 30_000 });
    } finally {
      stop.abort();
      await running;
      await holder.stop('SIGKILL');
    }
    assert.equal((await pool.query('select from events')).rowCount, 3);
  });
});
