import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createToken } from '@ackline/store/console-tokens';
import type { Pool } from 'pg';
import { type ConsoleBed, openConsoleBed, type StartedConsole } from './support/console.ts';
import { storeEvent } from './support/rows.ts';

describe('what is parked, by the API', () => {
  let bed: ConsoleBed;
  let pool: Pool;
  let ackline: StartedConsole;
  before(async () => {
    bed = await openConsoleBed();
    ({ pool, console: ackline } = bed);
  });
  after(() => bed[Symbol.asyncDispose]());

  /** Gives their ids. */
  async function park(tenant: string, status: number, count: number): Promise<readonly string[]> {
    const state = 'parked' as const;
    const deliveries = Array.from({ length: count }, () => ({ state, attempts: [{ status }] }));
    return (await storeEvent(pool, { tenant, source: `${tenant}-hooks`, deliveries })).deliveries;
  }
  const causeOf = async (cause: string) => {
    const { json } = await ackline.call('listCauses');
    return (json.items as { cause: string; count: number; lastAt: string }[]).find(
      item => item.cause === cause,
    );
  };
  const discard = (cause: string, parkedUntil: string, token?: string) =>
    ackline.call('discardCause', {
      body: { cause, parkedUntil },
      ...(token === undefined ? {} : { token }),
    });

  it('a cause is discarded some hundred a call until nothing is left, and what was parked later stays', async () => {
    await park('crimson', 503, 601);
    const until = new Date(Date.parse((await causeOf('crm 503'))?.lastAt ?? '') + 1).toISOString();
    const later = await park('crimson', 503, 1);
    await pool.query("update deliveries set finished_at = now() + interval '1 minute' where id = $1", [
      later[0],
    ]);
    await park('crimson', 422, 1);
    const counts: number[] = [];
    do counts.push((await discard('crm 503', until)).json.discarded);
    while (counts.at(-1) !== 0);
    assert.deepEqual(counts, [500, 101, 0]);
    assert.equal((await causeOf('crm 503'))?.count, 1);
    assert.equal((await causeOf('crm 422'))?.count, 1);
  });

  it('a token of a tenant discards what is of that tenant alone, and the audit has whose it was', async () => {
    const token = await createToken(pool, {
      name: 'azure',
      scopes: ['operate'],
      tenant: 'azure',
      expiresInMs: null,
      actor: 'me',
    });
    await park('crimson', 500, 2);
    const [own] = await park('azure', 500, 1);
    const { json } = await discard('crm 500', new Date(Date.now() + 1_000).toISOString(), token ?? '');
    assert.deepEqual(json, { discarded: 1 });
    const { rows } = await pool.query('select state from finished_deliveries where id = $1', [own]);
    assert.deepEqual(rows, [{ state: 'discarded' }]);
    assert.equal((await causeOf('crm 500'))?.count, 2);
    const noted = await pool.query("select subject, details from audit where actor = 'token:azure'");
    assert.deepEqual(noted.rows, [
      {
        subject: 'crm 500',
        details: { deliveries: 1, tenant: 'azure', before: 'parked', after: 'discarded' },
      },
    ]);
  });

  it('quarantined records are counted and listed without their bytes, the newest first', async () => {
    await pool.query(
      `insert into quarantine (origin, reason, key_id, meta, body)
       select 'kafka:0:' || n, 'unreadable', 'none', 'a secret', 'a secret' from generate_series(1, 3) n`,
    );
    const { json } = await ackline.call('listQuarantined', { query: { limit: '2' } });
    assert.equal(json.total, 3);
    assert.deepEqual(
      json.items.map(({ origin }: { origin: string }) => origin),
      ['kafka:0:3', 'kafka:0:2'],
    );
    assert.doesNotMatch(JSON.stringify(json), /secret/);
  });
});
