import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, it } from 'node:test';
import { createFairShare } from '@ackline/shared/fair-share';
import { providers } from '@ackline/shared/providers/registry';
import type { KeptRejection } from '@ackline/store/rejections';
import { waitFor } from '@ackline/testkit/wait-for';
import {
  createRejectionKeeper,
  type RejectionKeeper,
  type RejectionKeeperDeps,
} from '../../src/rejections/rejection-keeper.ts';
import type { Rejection } from '../../src/rejections/rejection.ts';
import { endpointOf } from '../support/endpoint.ts';

const MEMORY = 10_000_000;
/** What a head may have, which is reckoned with each. */
const HEAD_BYTES = 16_384;

function rejectionOf(more: Partial<Rejection> = {}, body: Uint8Array = Buffer.from('{}')): Rejection {
  return {
    requestId: '019ab2c4-0000-4000-8000-000000000001',
    at: Date.UTC(2026, 10, 29),
    endpoint: endpointOf(),
    request: { method: 'POST', url: 'http://hooks.test/webhook/telegram', headers: [], body },
    code: 'ACKLINE_BAD_SIGNATURE',
    reason: 'missing_signature',
    detail: null,
    ...more,
  };
}

function keeperWith(overrides: Partial<RejectionKeeperDeps> = {}) {
  const rows: KeptRejection[] = [];
  const counted: string[] = [];
  const memory = createFairShare(MEMORY);
  const keeper = createRejectionKeeper({
    insert: row => Promise.resolve(void rows.push(row)),
    isPostgresShort: () => false,
    memory,
    spareBytes: MEMORY / 2,
    secretsOf: () => ['token'],
    sources: () => [],
    providers,
    counts: { kept: () => void counted.push('kept'), unkept: reason => void counted.push(reason) },
    log: { debug: () => undefined, error: () => undefined },
    ...overrides,
  });
  return { keeper, rows, counted, memory };
}

describe('a refused request that is offered', () => {
  it('is counted and forgotten while PostgreSQL is short, while the memory of bodies is, and over what may wait', () => {
    const away = keeperWith({ isPostgresShort: () => true });
    away.keeper.offer(rejectionOf());
    assert.deepEqual([away.counted, away.memory.taken], [['postgres'], 0]);

    const crowded = keeperWith();
    crowded.memory.take('telegram', MEMORY / 2 + 1);
    crowded.keeper.offer(rejectionOf());
    assert.deepEqual([crowded.counted, crowded.memory.taken], [['memory'], MEMORY / 2 + 1]);

    const full = keeperWith();
    for (let n = 0; n < 5; n += 1) full.keeper.offer(rejectionOf({}, Buffer.alloc(1_048_576)));
    assert.deepEqual([full.counted, full.memory.taken], [['memory', 'memory'], 3 * (1_048_576 + HEAD_BYTES)]);
  });

  it('is one of the first ten of a minute of its source and reason, and of sixty beyond the first five', () => {
    let now = 0;
    const { keeper, counted } = keeperWith({ now: () => now });
    for (let n = 0; n < 11; n += 1) keeper.offer(rejectionOf());
    assert.deepEqual(counted, ['sampled']);
    for (let n = 0; n < 100; n += 1) keeper.offer(rejectionOf({ reason: `reason-${n}` }));
    assert.equal(counted.length, 1 + 100 - (5 + 60 - 10));
    now += 60_000;
    keeper.offer(rejectionOf());
    assert.equal(counted.length, 46);
  });

  it('is kept of a source that comes new, whatever floods come to others', () => {
    const { keeper, counted } = keeperWith();
    const bodies = [Buffer.alloc(1_048_576), Buffer.from('{}')];
    for (let n = 0; n < 1_000; n += 1)
      for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g'])
        keeper.offer(
          rejectionOf({ endpoint: endpointOf({ name }), reason: `reason-${n % 9}` }, bodies[n % 2] as Buffer),
        );
    assert.ok(counted.includes('sampled') && counted.includes('memory'));
    const before = counted.length;
    for (let n = 0; n < 5; n += 1) keeper.offer(rejectionOf({ endpoint: endpointOf({ name: 'new' }) }));
    assert.equal(counted.length, before);
  });

  it('is a copy: the memory that it came in is given back, and its own once it is kept', async () => {
    const { keeper, rows, memory } = keeperWith();
    const body = Buffer.from('{"update_id":1}');
    keeper.offer(rejectionOf({}, body));
    assert.equal(memory.taken, body.length + HEAD_BYTES);
    body.fill(0);
    await using _running = run(keeper);
    await waitFor(() => rows.length === 1 && memory.taken === 0);
    assert.equal(rows[0]?.bodySha256, hash('sha256', '{"update_id":1}', 'hex'));
  });

  it('that PostgreSQL does not take leaves it alone for five seconds', async () => {
    let now = 0;
    const { keeper, counted, memory } = keeperWith({
      now: () => now,
      insert: () => Promise.reject(new Error('away')),
    });
    keeper.offer(rejectionOf());
    await using _running = run(keeper);
    await waitFor(() => counted.length === 1);
    keeper.offer(rejectionOf());
    assert.deepEqual([counted, memory.taken], [['postgres', 'postgres'], 0]);
    now += 5_000;
    keeper.offer(rejectionOf());
    assert.equal(counted.length, 2);
  });

  it('that can not be examined holds up no other', async () => {
    let asked = 0;
    const { keeper, rows, memory } = keeperWith({
      secretsOf: () => {
        asked += 1;
        if (asked === 1) throw new Error('its secret is gone');
        return ['token'];
      },
    });
    keeper.offer(rejectionOf());
    keeper.offer(rejectionOf({ requestId: '019ab2c4-0000-4000-8000-000000000002' }));
    await using _running = run(keeper);
    await waitFor(() => rows.length === 1 && memory.taken === 0);
  });

  it('is examined in a twentieth of the time: after a check that took 2 ms it rests for 38', async () => {
    let now = 0;
    const telegram = providers.get('telegram');
    assert.ok(telegram !== undefined);
    const verify: typeof telegram.verify = (...given) => {
      now += 2;
      return telegram.verify(...given);
    };
    const endpoint = { ...endpointOf(), provider: { ...telegram, verify } };
    const request = {
      ...rejectionOf().request,
      headers: [['X-Telegram-Bot-Api-Secret-Token', 'wrong']] as const,
    };
    const rests: number[] = [];
    const rest = (ms: number) => {
      rests.push(ms);
      return new Promise<void>(resolve => void setImmediate(resolve));
    };
    const { keeper, rows } = keeperWith({ now: () => now, rest });
    keeper.offer(rejectionOf({ endpoint, request, reason: 'wrong_signature' }));
    await using _running = run(keeper);
    await waitFor(() => rows.length === 1);
    const checks = Object.values(rows[0]?.tried ?? {}).reduce((sum, count) => sum + count, 0);
    assert.ok(checks > 10);
    assert.deepEqual(rests.slice(0, checks), Array<number>(checks).fill(38));
  });
});

/** Until the test ends, however it does. */
function run(keeper: RejectionKeeper): AsyncDisposable {
  const stop = new AbortController();
  const running = keeper.run(stop.signal);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}
