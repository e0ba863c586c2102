import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { waitFor } from '@ackline/testkit/wait-for';
import type { LimitVerdict, RateLimits, SeenEvents } from '../../src/http/webhook-ports.ts';
import { named, startFront, TELEGRAM_HEADERS } from '../support/front.ts';
import { openRaw, post } from '../support/raw-http.ts';

function update(id: number): Buffer {
  const body = `{"update_id":${id},"message":{"chat":{"id":7},"date":1700000000}}`;
  return post('/webhook/telegram', TELEGRAM_HEADERS, body);
}

/** Remembers in a set; `later` answers as Redis does. */
function memory(later = false): SeenEvents & { readonly keys: Set<string> } {
  const keys = new Set<string>();
  return {
    keys,
    wasAccepted: key => (later ? Promise.resolve(keys.has(key)) : keys.has(key)),
    markAccepted: key => void keys.add(key),
  };
}

function limits(rules: Partial<Record<'beforeBody' | 'afterVerify', LimitVerdict>>, later = false) {
  const asked: string[] = [];
  const say = (verdict: LimitVerdict | undefined) => {
    const given = verdict ?? { kind: 'within' };
    return later ? Promise.resolve(given) : given;
  };
  const port: RateLimits = {
    applies: () => true,
    beforeBody(source, address) {
      asked.push(`before ${source.name} ${address}`);
      return say(rules.beforeBody);
    },
    afterVerify(source, { sender, address }) {
      asked.push(`after ${source.name} ${sender ?? ''} ${address}`);
      return say(rules.afterVerify);
    },
  };
  return { ...port, asked };
}

describe('a repeat of an accepted event', () => {
  for (const later of [false, true]) {
    it(`is answered as the first one, and not appended (${later ? 'asked elsewhere' : 'known here'})`, async () => {
      await using front = await startFront({ seen: memory(later) });
      using client = await openRaw(front.port);
      for (const id of [1, 1, 2]) {
        client.write(update(id));
        const answer = await client.answer();
        assert.equal(answer.status, 200);
        assert.equal(answer.body, '{"status":"received"}');
      }
      assert.equal(front.events.length, 2);
      assert.equal(named(front.lines, 'webhook.duplicate').length, 1);
      assert.match(
        await front.registry.metrics(),
        /requests_total\{source="telegram",result="duplicate"[^}]*\} 1/,
      );
    });
  }

  it('is not known while its append is under way, nor after it has failed', async () => {
    const seen = memory();
    let fails = true;
    await using front = await startFront({
      seen,
      append: () => {
        assert.equal(seen.keys.size, 0);
        return fails ? Promise.reject(new Error('down')) : Promise.resolve({ tier: 'inbox' });
      },
    });
    using client = await openRaw(front.port);
    client.write(update(1));
    assert.equal((await client.answer()).status, 503);
    fails = false;
    client.write(update(1));
    assert.equal((await client.answer()).status, 200);
    assert.equal(front.events.length, 1);
  });

  it('never stands for an event that the provider gave no id', async () => {
    const seen = memory();
    await using front = await startFront({ seen });
    using client = await openRaw(front.port);
    for (let count = 0; count < 2; count += 1) {
      client.write(post('/webhook/telegram', TELEGRAM_HEADERS, '{"message":{"chat":{"id":7}}}'));
      assert.equal((await client.answer()).status, 200);
    }
    assert.equal(front.events.length, 2);
    assert.equal(seen.keys.size, 0);
  });

  it('is answered although the limit is used up', async () => {
    const port = limits({ afterVerify: { kind: 'reject', retryAfterS: 7 } }, true);
    const seen = { ...memory(), wasAccepted: () => Promise.resolve(true) };
    await using front = await startFront({ seen, limits: port });
    using client = await openRaw(front.port);
    client.write(update(1));
    assert.equal((await client.answer()).status, 200);
    assert.equal(front.events.length, 0);
  });
});

describe('a limit', () => {
  for (const later of [false, true]) {
    it(`by address refuses before the body is read (${later ? 'asked elsewhere' : 'known here'})`, async () => {
      await using front = await startFront({
        limits: limits({ beforeBody: { kind: 'reject', retryAfterS: 9 } }, later),
      });
      using client = await openRaw(front.port);
      client.write(update(1).subarray(0, -10));
      const answer = await client.answer();
      assert.equal(answer.status, 429);
      assert.equal(answer.headers.get('retry-after'), '9');
      assert.equal((JSON.parse(answer.body) as { code: string }).code, 'ACKLINE_RATE_LIMITED');
      assert.equal(front.budget.taken, 0);
      assert.match(await front.registry.metrics(), /rejects_total\{source="telegram",reason="rate_limited"/);
    });

    it(`by sender refuses what is proven, and keeps the connection (${later ? 'asked elsewhere' : 'known here'})`, async () => {
      const port = limits({ afterVerify: { kind: 'reject', retryAfterS: 3 } }, later);
      await using front = await startFront({ limits: port });
      using client = await openRaw(front.port);
      for (let count = 0; count < 2; count += 1) {
        client.write(update(count));
        assert.equal((await client.answer()).status, 429);
      }
      assert.equal(front.events.length, 0);
      assert.deepEqual(port.asked.slice(0, 2), ['before telegram 192.0.2.1', 'after telegram 7 192.0.2.1']);
    });
  }

  it('counts the client as it was admitted, although a reload trusts other proxies while the body comes', async () => {
    const port = limits({});
    let address = '192.0.2.1';
    await using front = await startFront({ limits: port, addressOf: () => address });
    using client = await openRaw(front.port);
    const bytes = update(1);
    client.write(bytes.subarray(0, -5));
    await waitFor(() => front.budget.taken > 0);
    address = '198.51.100.7';
    client.write(bytes.subarray(-5));
    assert.equal((await client.answer()).status, 200);
    assert.deepEqual(port.asked, ['before telegram 192.0.2.1', 'after telegram 7 192.0.2.1']);
  });

  it('is not asked about what is not proven', async () => {
    const port = limits({});
    await using front = await startFront({ limits: port });
    using client = await openRaw(front.port);
    client.write(post('/webhook/telegram', ['Content-Type: application/json'], '{"update_id":1}'));
    assert.equal((await client.answer()).status, 401);
    assert.deepEqual(port.asked, ['before telegram 192.0.2.1']);
  });

  it('that defers lets the event be accepted, with the time before which it is not processed', async () => {
    await using front = await startFront({
      limits: limits({ afterVerify: { kind: 'defer', notBefore: 1_900_000_000_000 } }),
    });
    using client = await openRaw(front.port);
    client.write(update(1));
    assert.equal((await client.answer()).status, 200);
    assert.equal(front.events[0]?.notBefore, 1_900_000_000_000);
  });

  it('has a client that goes while it is asked cost no append', async () => {
    const { promise, resolve } = Promise.withResolvers<LimitVerdict>();
    let asked = false;
    const port: RateLimits = {
      ...limits({}),
      afterVerify: () => {
        asked = true;
        return promise;
      },
    };
    await using front = await startFront({ limits: port });
    using client = await openRaw(front.port);
    client.write(update(1));
    await waitFor(() => asked);
    client.socket.resetAndDestroy();
    await waitFor(
      () => new Promise<boolean>(done => front.server.getConnections((_error, count) => done(count === 0))),
    );
    resolve({ kind: 'within' });
    await waitFor(() => named(front.lines, 'webhook.abandoned').length === 1);
    assert.equal(front.events.length, 0);
  });
});

describe('the time of each phase', () => {
  it('is in the answer and in the histogram by source', async () => {
    await using front = await startFront();
    using client = await openRaw(front.port);
    client.write(update(1));
    const answer = await client.answer();
    const timing = answer.headers.get('server-timing') ?? '';
    const names = timing.split(', ').map(part => /^(\w+);dur=\d+(?:\.\d{1,3})?$/.exec(part)?.[1]);
    assert.deepEqual(names, ['admit', 'read', 'verify', 'identify', 'append']);
    const metrics = await front.registry.metrics();
    for (const phase of [...names, 'ack']) {
      assert.match(
        metrics,
        new RegExp(`phase_seconds_count\\{source="telegram",phase="${phase ?? ''}"[^}]*\\} 1`),
      );
    }
    assert.match(metrics, /phase_seconds_bucket\{le="\+Inf",source="telegram",phase="read"[^}]*\} 1/);
  });

  it('ends where the request ended', async () => {
    await using front = await startFront();
    using client = await openRaw(front.port);
    client.write(post('/webhook/telegram', ['Content-Type: application/json'], '{"update_id":1}'));
    const timing = (await client.answer()).headers.get('server-timing') ?? '';
    assert.match(timing, /^admit;.*verify;dur=[\d.]+$/);
  });
});
