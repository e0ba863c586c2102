import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { waitFor } from '@ackline/testkit/wait-for';
import { sourceConfig } from '../support/endpoint.ts';
import { named, startFront, TELEGRAM_HEADERS } from '../support/front.ts';
import { openRaw, post } from '../support/raw-http.ts';

const SHORT = { idleMs: 40, totalMs: 5_000 };

function update(id: number): Buffer {
  const body = `{"update_id":${id},"message":{"chat":{"id":7},"date":1700000000}}`;
  return post('/webhook/telegram', TELEGRAM_HEADERS, body);
}

/** An append that waits until it is let go. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  let started = 0;
  return {
    open: resolve,
    started: () => started,
    append: async () => {
      started += 1;
      await promise;
      return { tier: 'inbox' };
    },
  };
}

describe('keep-alive', () => {
  it('serves one request after the other on a connection, rejected ones too', async () => {
    await using front = await startFront();
    using client = await openRaw(front.port);
    client.write(update(1));
    const first = await client.answer();
    assert.equal(first.status, 200);
    assert.notEqual(first.headers.get('connection'), 'close');
    client.write(post('/webhook/telegram', ['Content-Type: application/json'], '{}'));
    assert.equal((await client.answer()).status, 401);
    client.write('GET /webhook/telegram HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.equal((await client.answer()).status, 405);
    client.write(update(2));
    assert.equal((await client.answer()).status, 200);
    assert.equal(front.events.length, 2);
  });

  it('ends with each answer of a source that wants it so', async () => {
    await using front = await startFront({ sources: [sourceConfig({ connection: 'close' })] });
    using client = await openRaw(front.port);
    client.write(update(1));
    const answer = await client.answer();
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('connection'), 'close');
    await client.closed;
  });

  it('ends the connection after a request whose body was not read', async () => {
    await using front = await startFront();
    using client = await openRaw(front.port);
    client.write(post('/nowhere', [], 'x'));
    const answer = await client.answer();
    assert.equal(answer.status, 404);
    assert.equal(answer.headers.get('connection'), 'close');
    await client.closed;
  });

  it('takes what a client still sends of a refused body, so that no reset overtakes the answer', async () => {
    await using front = await startFront();
    using client = await openRaw(front.port);
    const bytes = post('/webhook/telegram', TELEGRAM_HEADERS, Buffer.alloc(900_000, 'x'));
    client.write(bytes.subarray(0, 200_000));
    assert.equal((await client.answer()).status, 413);
    for (let at = 200_000; at < bytes.length; at += 50_000) {
      client.write(bytes.subarray(at, at + 50_000));
      await new Promise(resolve => setImmediate(resolve));
    }
    await client.closed;
    assert.deepEqual(client.errors, []);
  });

  it('asks for the body with 100 Continue only when the head was good', async () => {
    await using front = await startFront();
    using client = await openRaw(front.port);
    const [head = '', body = ''] = update(1).toString().split('\r\n\r\n');
    client.write(`${head}\r\nExpect: 100-continue\r\n\r\n`);
    await once(client.socket, 'data');
    client.write(body);
    assert.equal((await client.answer()).status, 200);
    assert.equal(client.continues(), 1);
    client.write(`${head.replace('/webhook/telegram', '/nowhere')}\r\nExpect: 100-continue\r\n\r\n`);
    assert.equal((await client.answer()).status, 404);
    assert.equal(client.continues(), 1);
  });

  it('answers HEAD of /health without a body', async () => {
    await using front = await startFront();
    const response = await fetch(`http://127.0.0.1:${front.port}/health`, { method: 'HEAD' });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), '');
  });
});

describe('pipelined requests', () => {
  it('are accepted one after the other', async () => {
    const hold = gate();
    await using front = await startFront({ append: hold.append });
    using client = await openRaw(front.port);
    client.write(Buffer.concat([update(1), update(2), update(3)]));
    await waitFor(() => hold.started() === 1);
    assert.equal(hold.started(), 1, 'the second waits for the first');
    hold.open();
    for (let count = 0; count < 3; count += 1) assert.equal((await client.answer()).status, 200);
    assert.deepEqual(
      front.events.map(event => Buffer.from(event.body).toString().slice(13, 14)),
      ['1', '2', '3'],
    );
  });

  it('behind one whose answer closes the connection are never accepted', async () => {
    const hold = gate();
    await using front = await startFront({ append: hold.append });
    using client = await openRaw(front.port);
    client.write(Buffer.concat([update(1), update(2)]));
    await waitFor(() => hold.started() === 1);
    const closed = front.drain();
    hold.open();
    const answer = await client.answer();
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('connection'), 'close');
    await closed;
    assert.equal(front.events.length, 1);
    assert.equal(hold.started(), 1);
  });

  it('beyond a bound cost the connection', async () => {
    const hold = gate();
    await using front = await startFront({ append: hold.append });
    using client = await openRaw(front.port);
    client.write(Buffer.concat(Array.from({ length: 40 }, (_, id) => update(id))));
    await client.closed;
    hold.open();
    await waitFor(() => front.events.length === 1);
  });
});

describe('slow bodies', () => {
  it('that pause are answered 408, and the connection ends', async () => {
    await using front = await startFront({ bodyTimes: SHORT });
    using client = await openRaw(front.port);
    client.write(update(1).subarray(0, -5));
    const answer = await client.answer();
    assert.equal(answer.status, 408);
    assert.equal((JSON.parse(answer.body) as { code: string }).code, 'ACKLINE_BODY_TOO_SLOW');
    assert.equal(answer.headers.get('connection'), 'close');
    await client.closed;
    assert.equal(front.events.length, 0);
    assert.equal(front.budget.taken, 0);
  });

  it('that drip without a pause are answered 408 when their whole time is over', async () => {
    await using front = await startFront({ bodyTimes: { idleMs: 5_000, totalMs: 60 } });
    using client = await openRaw(front.port);
    const bytes = update(1);
    client.write(bytes.subarray(0, -40));
    let at = bytes.length - 40;
    const drip = setInterval(() => client.write(bytes.subarray(at, ++at)), 10);
    assert.equal((await client.answer()).status, 408);
    clearInterval(drip);
    assert.equal(front.events.length, 0);
  });

  it('that only take their time are accepted', async () => {
    await using front = await startFront();
    using client = await openRaw(front.port);
    for (const byte of update(1)) {
      client.write(Buffer.of(byte));
      await new Promise(resolve => setImmediate(resolve));
    }
    assert.equal((await client.answer()).status, 200);
  });
});

describe('clients that go', () => {
  it('in the middle of a body cost no append', async () => {
    await using front = await startFront();
    using client = await openRaw(front.port);
    client.write(update(1).subarray(0, -5));
    await waitFor(() => front.budget.taken > 0);
    client.socket.resetAndDestroy();
    const [line] = await waitFor(() => {
      const lines = named(front.lines, 'webhook.abandoned');
      return lines.length > 0 && lines;
    });
    assert.equal(line?.['msg'], 'Client disconnected during request processing');
    assert.equal(front.events.length, 0);
    assert.equal(front.budget.taken, 0);
    assert.match(
      await front.registry.metrics(),
      /ackline_ingress_client_disconnects_total\{service="ingress"\} 1/,
    );
  });

  it('while their event is being appended leave it in the log', async () => {
    const hold = gate();
    await using front = await startFront({ append: hold.append });
    using client = await openRaw(front.port);
    client.write(update(1));
    await waitFor(() => hold.started() === 1);
    assert.equal(await countOf(front.server), 1);
    client.socket.resetAndDestroy();
    await waitFor(async () => (await countOf(front.server)) === 0);
    hold.open();
    await waitFor(() => named(front.lines, 'webhook.accepted').length === 1);
    assert.equal(front.events.length, 1);
    assert.match(
      await front.registry.metrics(),
      /ackline_ingress_client_disconnects_total\{service="ingress"\} 1/,
    );
  });
});

function countOf(server: {
  getConnections(callback: (error: Error | null, count: number) => void): unknown;
}) {
  return new Promise<number>(resolve => {
    server.getConnections((_error, count) => resolve(count));
  });
}

describe('connections over the bound', () => {
  it('are closed at once and counted, and those that are being served go on', async () => {
    const hold = gate();
    await using front = await startFront({ maxConnections: 2, append: hold.append });
    using first = await openRaw(front.port);
    first.write(update(1));
    await waitFor(() => hold.started() === 1);
    using second = await openRaw(front.port);
    second.write(update(2));
    await waitFor(() => hold.started() === 2);
    using third = await openRaw(front.port);
    await third.closed;
    hold.open();
    for (const client of [first, second]) assert.equal((await client.answer()).status, 200);
    assert.match(
      await front.registry.metrics(),
      /rejects_total\{source="none",reason="too_many_connections"[^}]*\} 1/,
    );
  });
});

describe('a CONNECT whose client resets the connection', () => {
  it('ends nothing but that connection', async () => {
    await using front = await startFront();
    for (let count = 0; count < 20; count += 1) {
      using client = await openRaw(front.port);
      client.write('CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n');
      await new Promise(resolve => setImmediate(resolve));
      client.socket.resetAndDestroy();
    }
    using next = await openRaw(front.port);
    next.write(update(1));
    assert.equal((await next.answer()).status, 200);
  });
});

describe('the end of the port', () => {
  it('still answers a request that its client was just sending, with connection: close', async () => {
    await using front = await startFront();
    using client = await openRaw(front.port);
    client.write(update(1));
    await client.answer();
    const closed = front.drain({ headGraceMs: 5_000, deadlineMs: 10_000 });
    client.write(update(2));
    const answer = await client.answer();
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('connection'), 'close');
    await closed;
    assert.equal(front.events.length, 2);
  });

  it('ends idle connections, new and used ones, after the grace, without a reset', async () => {
    await using front = await startFront();
    using fresh = await openRaw(front.port);
    using used = await openRaw(front.port);
    used.write(update(1));
    await used.answer();
    await front.drain();
    await Promise.all([fresh.closed, used.closed]);
    assert.deepEqual([...fresh.errors, ...used.errors], []);
  });

  it('answers a request in flight, with connection: close, before it is closed', async () => {
    const hold = gate();
    await using front = await startFront({ append: hold.append });
    using client = await openRaw(front.port);
    client.write(update(1));
    await waitFor(() => hold.started() === 1);
    using fresh = await openRaw(front.port);
    const closed = front.drain({ headGraceMs: 0, deadlineMs: 10_000 });
    await fresh.closed; // the connections on which nothing is served have been cut by now
    hold.open();
    const answer = await client.answer();
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('connection'), 'close');
    await closed;
    assert.equal(front.events.length, 1);
  });

  it('still reads a body that is half here', async () => {
    await using front = await startFront();
    using client = await openRaw(front.port);
    const bytes = update(1);
    client.write(bytes.subarray(0, -5));
    await waitFor(() => front.budget.taken > 0);
    const closed = front.drain({ headGraceMs: 0, deadlineMs: 10_000 });
    client.write(bytes.subarray(-5));
    assert.equal((await client.answer()).status, 200);
    await closed;
    assert.equal(front.events.length, 1);
  });

  it('is not held up for ever by an append that hangs', async () => {
    const hold = gate();
    await using front = await startFront({ append: hold.append });
    using client = await openRaw(front.port);
    client.write(update(1));
    await waitFor(() => hold.started() === 1);
    await front.drain({ headGraceMs: 0, deadlineMs: 60 });
    await client.closed;
    hold.open();
  });
});

describe('a body that was refused', () => {
  it('is taken to its end, so that a proxy which has all of it reads the answer and no reset', async () => {
    await using front = await startFront();
    using client = await openRaw(front.port);
    const bytes = post('/webhook/telegram', TELEGRAM_HEADERS, Buffer.alloc(8 * 1024 * 1024));
    const { promise: written, resolve } = Promise.withResolvers<Error | null>();
    client.socket.end(bytes, (error?: Error | null) => resolve(error ?? null));
    const answer = await client.answer();
    assert.deepEqual([answer.status, answer.headers.get('connection')], [413, 'close']);
    assert.equal(await written, null);
    assert.deepEqual(client.errors, []);
    assert.equal(front.budget.taken, 0);
  });
});

describe('what a rejected append does', () => {
  it('is not logged with anything of the payload', async () => {
    await using front = await startFront({
      append: () => Promise.reject(Object.assign(new Error('no disk'), { detail: 'canary' })),
    });
    using client = await openRaw(front.port);
    client.write(update(1));
    assert.equal((await client.answer()).status, 503);
    assert.equal(named(front.lines, 'webhook.rejected')[0]?.['reason'], 'not_durable');
    assert.doesNotMatch(JSON.stringify(front.lines), /canary/);
  });
});
