import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { AppError } from '@ackline/shared/app-error';
import { decodeMeta } from '@ackline/shared/envelope-codec';
import { createPool, type PoolOptions } from '@ackline/store/pool';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { startTcpProxy, type TcpProxy } from '@ackline/testkit/tcp-proxy';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { connectEventLog } from '../src/connect-event-log.ts';
import { createInboxLog } from '../src/inbox-log.ts';
import { keyHash } from '../src/lane.ts';
import { CLAIM_CHECK_BYTES } from '../src/large-bodies.ts';
import { sampleEvent } from './event-sample.ts';

const quiet = { warn: () => undefined, info: () => undefined, error: () => undefined } as never;
const code = (expected: string) => (error: unknown) => error instanceof AppError && error.code === expected;

function openPool(url: string, options: Pick<PoolOptions, 'checkNew'> = {}): Pool {
  return createPool({
    ...options,
    connectionString: url,
    applicationName: 'inbox-log-test',
    max: 5,
    onError: () => undefined,
  });
}

describe('inbox log on PostgreSQL', () => {
  let database: TestDatabase;
  let direct: Pool;

  before(async () => {
    database = await createTestDatabase();
    direct = openPool(database.url);
  });
  after(async () => {
    await direct.end();
    await database.close();
  });

  const idsThere = async (ids: readonly string[]): Promise<number> => {
    const { rows } = await direct.query('select 1 from inbox where id = any($1::uuid[])', [ids]);
    return rows.length;
  };

  async function behindProxy(use: (pool: Pool, proxy: TcpProxy) => Promise<void>): Promise<void> {
    const { hostname, port } = new URL(database.url);
    const proxy = await startTcpProxy({ host: hostname, port: Number(port) });
    const url = new URL(database.url);
    url.hostname = '127.0.0.1';
    url.port = String(proxy.port);
    const pool = openPool(url.href);
    try {
      await use(pool, proxy);
    } finally {
      await proxy.heal();
      await pool.end();
      await proxy.close();
    }
  }

  it('has committed every row when it resolves, bytes and order kept', async () => {
    const log = createInboxLog({ pool: direct });
    const body = Buffer.from([0, 1, 254, 255, 10]);
    const event = sampleEvent({ body });
    await log.append(event, 17n);
    const { rows } = await direct.query('select * from inbox where id = $1', [event.id]);
    assert.equal(rows.length, 1);
    assert.deepEqual(rows[0].body, body);
    assert.equal(rows[0].after_offset, '17');
    assert.equal(rows[0].key_hash, keyHash('telegram\u000042'));
    assert.deepEqual({ ...decodeMeta(rows[0].meta), body }, event);
    await log.close();
  });

  it('takes nothing for done that PostgreSQL committed by weaker settings than an ack needs, also a repeat, and says so', async () => {
    const weak = openPool(database.url, {
      checkNew: async client => void (await client.query('set synchronous_commit = off')),
    });
    const heard: string[] = [];
    const log = createInboxLog({ pool: weak, onWeak: error => void heard.push(error.code) });
    const [small, large] = [sampleEvent(), sampleEvent({ body: Buffer.alloc(CLAIM_CHECK_BYTES + 1) })];
    for (const event of [small, large, small, large]) {
      await assert.rejects(log.append(event), code('ACKLINE_POSTGRES_NOT_DURABLE'));
    }
    assert.deepEqual(heard, Array(4).fill('ACKLINE_POSTGRES_NOT_DURABLE'));
    await log.close();
    await weak.end();
  });

  it('appends thousands in few statements, in the order of appending', async () => {
    let statements = 0;
    const counting = {
      query: ((config: never) => {
        statements += 1;
        return direct.query(config);
      }) as Pool['query'],
    };
    const log = createInboxLog({ pool: counting });
    const events = Array.from({ length: 2_000 }, () => sampleEvent());
    await Promise.all(events.map(event => log.append(event)));
    assert.ok(statements <= 6, `${statements} statements`);
    assert.equal(await idsThere(events.map(event => event.id)), 2_000);
    await log.close();
  });

  it('counts an event that is there already as appended, and keeps one of it', async () => {
    const log = createInboxLog({ pool: direct });
    const event = sampleEvent();
    await log.append(event);
    await log.append(event);
    assert.equal(await idsThere([event.id]), 1);
    await log.close();
  });

  it('holds a body of 25 MiB', async () => {
    const log = createInboxLog({ pool: direct });
    const event = sampleEvent({ body: Buffer.alloc(25 * 1024 * 1024, 0xa5) });
    await log.append(event, -1n, 30_000); // a machine that is busy with other tests needs more than a second
    const { rows } = await direct.query('select length(body) as bytes from inbox where id = $1', [event.id]);
    assert.equal(rows[0].bytes, 25 * 1024 * 1024);
    await log.close();
  });

  it('refuses alone what PostgreSQL can never hold, and blames the table where it refuses every row', async () => {
    await direct.query(`alter table inbox add constraint no_poison check (octet_length(body) <> 13)`);
    await direct.query(`create function refuse_value() returns trigger language plpgsql as $$
      begin
        if octet_length(new.body) = 17 then raise exception 'value' using errcode = '22023'; end if;
        return new;
      end $$`);
    await direct.query(
      'create trigger refuse_value before insert on inbox for each row execute function refuse_value()',
    );
    const log = createInboxLog({ pool: direct });
    const of = (bytes: number) => log.append(sampleEvent({ body: Buffer.alloc(bytes) }));
    const mixed = await Promise.allSettled([of(1), of(13), of(2), of(17), of(3)]);
    assert.deepEqual(
      mixed.map(result => (result.status === 'rejected' ? (result.reason as AppError).code : 'written')),
      ['written', 'ACKLINE_ENVELOPE_INVALID', 'written', 'ACKLINE_ENVELOPE_INVALID', 'written'],
    );
    await assert.rejects(of(17), code('ACKLINE_ENVELOPE_INVALID'));
    const all = await Promise.allSettled([of(13), of(13)]);
    for (const result of all) {
      assert.equal(result.status === 'rejected' && (result.reason as AppError).code, '23514');
    }
    await direct.query('alter table inbox drop constraint no_poison; drop trigger refuse_value on inbox');
    await log.close();
  });

  it('rejects while PostgreSQL is cut off and takes events again afterwards', async () => {
    await behindProxy(async (pool, proxy) => {
      const log = createInboxLog({ pool });
      await log.append(sampleEvent());
      await proxy.cut();
      await assert.rejects(log.append(sampleEvent()));
      await proxy.heal();
      const event = sampleEvent();
      await waitFor(() => log.append(event).then(() => true));
      assert.equal(await idsThere([event.id]), 1);
      await log.close();
    });
  });

  it('rejects by its deadline when PostgreSQL says nothing, and closes all the same', async () => {
    await behindProxy(async (pool, proxy) => {
      const log = createInboxLog({ pool });
      await log.append(sampleEvent());
      proxy.stall();
      const events = Array.from({ length: 50 }, () => sampleEvent());
      const results = await Promise.allSettled(events.map(event => log.append(event)));
      for (const result of results) {
        assert.ok(result.status === 'rejected' && code('ACKLINE_APPEND_TIMEOUT')(result.reason));
      }
      await log.close();
    });
  });

  it('serves as the whole event log without Kafka, and tells when it can not be reached', async () => {
    await behindProxy(async (pool, proxy) => {
      const log = await connectEventLog({
        guard: null,
        kafka: null,
        pool,
        breaker: { failures: 10, resetMs: 60_000 },
        log: quiet,
      });
      const event = sampleEvent();
      assert.deepEqual(await log.append(event), { tier: 'inbox' });
      assert.deepEqual(log.snapshot(), {
        queue: { size: 0, maxSize: 10_000 },
        tiers: [{ name: 'inbox', breaker: { status: 'CLOSED', failures: 0, threshold: 3 } }],
        tierInUse: 'inbox',
        kafka: 'none',
        kafkaProblem: null,
        durability: [],
        spool: null,
        appended: { kafka: 0, inbox: 1, spool: 0 },
      });
      await proxy.cut();
      await assert.rejects(log.append(sampleEvent()), code('ACKLINE_NOT_DURABLE'));
      assert.equal(log.reachable(), false);
      await proxy.heal();
      await waitFor(() => log.reachable(), { what: 'the probe to find PostgreSQL again' });
      await log.close();
      await assert.rejects(log.append(sampleEvent()), code('ACKLINE_LOG_CLOSED'));
    });
  });
});
