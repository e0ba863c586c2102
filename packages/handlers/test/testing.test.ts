import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { any } from '../src/any.ts';
import { defineHandler } from '../src/define-handler.ts';
import { giveUp, retryLater } from '../src/handler-error.ts';
import type { HandlerContext } from '../src/handler-context.ts';
import { OutboundError } from '../src/http/outbound-error.ts';
import type { HandlerEvent } from '../src/source.ts';
import { createMemoryServices, runHandler, type TestOptions } from '../src/testing.ts';

type Handle = (event: HandlerEvent, ctx: HandlerContext) => unknown;

const run = (handle: Handle, options: TestOptions = {}) =>
  runHandler(defineHandler({ name: 'bot', source: any, handle }), { body: {}, id: 'e1' }, options);
const resultOf = async (handle: Handle) => (await run(handle)).result;

describe('a handler that is run in a test', () => {
  it('is told what its results are', async () => {
    assert.deepEqual(await resultOf(() => 'anything'), { kind: 'done' });
    assert.deepEqual(
      await resultOf(() => {
        throw retryLater({ afterMs: 1_500.2, reason: 'not yet' });
      }),
      { kind: 'retry-later', afterMs: 1_501, detail: 'not yet' },
    );
    assert.deepEqual(
      await resultOf(() => {
        throw giveUp('never');
      }),
      { kind: 'given-up', detail: 'never' },
    );
  });

  it('shows class, code and place of an error of its own, and not its message', async () => {
    const result = await resultOf(() => {
      throw Object.assign(new RangeError('payload'), { code: '23505' });
    });
    assert.ok(result.kind === 'failed');
    assert.deepEqual([result.error, result.code, result.detail], ['RangeError', '23505', null]);
    assert.match(result.at ?? '', /^testing\.test\.ts:\d+:\d+$/);
    const strange = Object.assign(new Error(), { name: 'has payload', code: 'has payload' });
    for (const thrown of ['payload', { payload: 1 }, null, strange]) {
      const other = await resultOf(() => {
        throw thrown;
      });
      assert.equal(JSON.stringify(other).includes('payload'), false);
    }
  });

  it('shows words of its own errors, bounded', async () => {
    const result = await resultOf(() => {
      throw giveUp('x'.repeat(10_000));
    });
    assert.ok(result.kind === 'given-up' && result.detail.length === 500);
    for (const afterMs of [Number.NaN, Infinity]) {
      const later = await resultOf(() => {
        throw retryLater({ afterMs });
      });
      assert.ok(later.kind === 'retry-later' && later.afterMs === null);
    }
    const week = await resultOf(() => {
      throw retryLater({ afterMs: 7 * 86_400_000 });
    });
    assert.ok(week.kind === 'retry-later' && week.afterMs === 86_400_000);
  });

  it('does once what it does once, over two runs that share services', async () => {
    const services = createMemoryServices();
    const results: unknown[] = [];
    let calls = 0;
    const handle: Handle = async ({ id }, ctx) => {
      results.push(await ctx.once(`reply:${id}`, () => ++calls));
    };
    await run(handle, { services });
    await run(handle, { services });
    await run(handle);
    assert.deepEqual(results, [1, 1, 2]);
  });

  it('is busy while another run does it, and does not keep what is no JSON or too large', async () => {
    const services = createMemoryServices();
    let inner: unknown;
    await run(
      async (_, ctx) => {
        await ctx.once('a', async () => {
          inner = (await run((__, other) => other.once('a', () => 1), { services })).result;
        });
      },
      { services },
    );
    assert.deepEqual(inner, {
      kind: 'retry-later',
      afterMs: 2_000,
      detail: 'somebody else does it just now (ctx.once)',
    });
    for (const value of [1n, 'x'.repeat(70_000)]) {
      const key = typeof value;
      const first = await run(async (_, ctx) => assert.equal(await ctx.once(key, () => value), value), {
        services,
      });
      assert.equal(first.lines[0]?.event, 'handler.once-result-not-kept');
      const again = await run(async (_, ctx) => assert.equal(await ctx.once(key, () => 'again'), undefined), {
        services,
      });
      assert.deepEqual(again.result, { kind: 'done' });
    }
  });

  it('refuses keys that are none', async () => {
    for (const key of ['', 'x'.repeat(257), 'a\0b', '\ud800', 5 as never]) {
      const { result } = await run((_, ctx) => ctx.once(key, () => 1));
      assert.ok(result.kind === 'failed' && result.code === 'KEY_MALFORMED', JSON.stringify(result));
      assert.equal((await run((_, ctx) => ctx.cache.get(key))).result.kind, 'failed');
    }
  });

  it('forgets what is too old, and loads it again', async () => {
    let now = 0;
    const services = createMemoryServices(() => now);
    let loads = 0;
    const handle: Handle = async (_, ctx) =>
      ctx.cache.getOrLoad('service_categories_1_2', async () => ++loads, { ttlMs: 600_000 });
    for (const at of [0, 599_999, 600_000]) {
      now = at;
      await run(handle, { services });
    }
    assert.equal(loads, 2);
  });

  it('gives its lines and attributes, bounded and without what an error says', async () => {
    const { lines, attributes } = await run((_, ctx) => {
      ctx.log.info('sent', { chat: 1, error: Object.assign(new Error('payload'), { code: 'E' }) });
      ctx.log.warn('x'.repeat(2_000), { big: 'y'.repeat(5_000) });
      ctx.log.debug('odd', { n: 1n });
      for (let n = 0; n < 40; n++) ctx.span.setAttribute(`a${n}`, 'z'.repeat(300));
    });
    assert.deepEqual(lines[0], {
      level: 'info',
      event: 'sent',
      fields: { chat: 1, error: { name: 'Error', code: 'E' }, eventId: 'e1' },
    });
    assert.deepEqual(lines[1], {
      level: 'warn',
      event: 'x'.repeat(1_000),
      fields: { fields: '(not shown: over 4 KiB)', eventId: 'e1' },
    });
    assert.deepEqual(lines[2]?.fields, { fields: '(not shown: no JSON)', eventId: 'e1' });
    assert.equal(Object.keys(attributes).length, 32);
    assert.equal(String(attributes['a0']).length, 256);
  });

  it('ends after all that it began, and has failed where that failed', async () => {
    let isDone = false;
    const { promise, resolve } = Promise.withResolvers<void>();
    const request = async () => {
      await promise;
      isDone = true;
      return {} as never;
    };
    const running = run(
      (_, ctx) => {
        void ctx.http.get('https://api.example/');
      },
      { http: { request } },
    );
    let isOver = false;
    void running.then(() => (isOver = true));
    for (let n = 0; n < 10; n++) await new Promise(setImmediate);
    assert.equal(isOver, false);
    resolve();
    await running;
    assert.equal(isDone, true);
  });

  it('is not done where its end cut a call, whatever it makes of that', async () => {
    const failure = {
      method: 'GET',
      host: 'api.example',
      status: null,
      code: 'ABORTED',
      words: 'was aborted',
    };
    const request = (_url: unknown, _call: unknown, signal: AbortSignal) =>
      new Promise<never>((_, reject) =>
        signal.addEventListener('abort', () => reject(new OutboundError(failure))),
      );
    const cut = async (handle: Handle) => {
      const over = new AbortController();
      const running = run(handle, { http: { request }, signal: over.signal });
      over.abort();
      const { result } = await running;
      return result.kind === 'failed' ? result.code : result.kind;
    };
    const call = (ctx: HandlerContext) => ctx.http.get('https://api.example/');
    assert.equal(await cut((_, ctx) => call(ctx).catch(() => 'ended all the same')), 'ABORTED');
    const givingUp = () => Promise.reject(giveUp('no API'));
    assert.equal(await cut((_, ctx) => call(ctx).catch(givingUp)), 'ABORTED');
    assert.equal(await cut(() => 'needed nobody'), 'done');
    assert.equal(await cut(() => Promise.reject(giveUp('never'))), 'given-up');
  });

  it('refuses ctx.pg without connections, and says which key is missing', async () => {
    const { result } = await run((_, ctx) => ctx.pg.query('select 1'));
    assert.ok(result.kind === 'failed');
    assert.deepEqual(
      [result.code, result.detail],
      ['PG_NOT_CONFIGURED', 'ctx.pg has no connections: set "connections" of the destination test'],
    );
  });
});
