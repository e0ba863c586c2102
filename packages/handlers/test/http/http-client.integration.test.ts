import assert from 'node:assert/strict';
import { lookup } from 'node:dns';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { type FakeReceiver, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { waitFor } from '@ackline/testkit/wait-for';
import { createHttpClient, type HttpClient } from '../../src/http/http-client.ts';
import type { OutboundError } from '../../src/http/outbound-error.ts';

const never = new AbortController().signal;

describe('outbound HTTP', { timeout: 60_000 }, () => {
  let receiver: FakeReceiver;
  let client: HttpClient;
  const create = (connections = 100, keepAlive = 100) =>
    createHttpClient({ limits: { connections, keepAlive }, lookup, random: () => 0 });
  before(async () => {
    receiver = await startFakeReceiver();
  });
  beforeEach(() => {
    receiver.clear();
    receiver.always({
      status: 200,
      headers: { 'content-type': 'application/json', 'X-Two': 'a' },
      body: '{"a":1}',
    });
    client = create();
  });
  afterEach(() => client.close());
  after(() => receiver.close());

  it('gives the answer whole, and keeps the connection', async () => {
    const sockets = new Set<unknown>();
    const server = createServer((request, response) => {
      sockets.add(request.socket);
      response.end('fine');
    });
    await using site = await listen(server);
    for (let n = 0; n < 20; n++) assert.equal((await client.request(site.url, {}, never)).text(), 'fine');
    assert.ok(sockets.size <= 2, String(sockets.size)); // one that was just used may not be free yet
    const answer = await client.request(`${receiver.url}/a?b=c#d`, {}, never);
    assert.deepEqual([answer.status, answer.headers['x-two'], answer.json()], [200, 'a', { a: 1 }]);
    assert.equal(receiver.requests[0]?.url, '/a?b=c');
  });

  it('connects to no address of the inside where only the internet may be, whatever others connected to', async () => {
    const named = createHttpClient({
      limits: { connections: 10, keepAlive: 10 },
      lookup: (_name, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
      random: () => 0,
    });
    const url = `http://files.example.com:${new URL(receiver.url).port}/x`;
    await named.request(url, {}, never); // its connection stays open
    await assert.rejects(named.request(url, { onlyPublic: true }, never), { code: 'NOT_PUBLIC' });
    assert.equal(receiver.requests.length, 1);
    await named.close();
  });

  it('calls no address of the inside that stands in the place of a name, however it is written', async () => {
    const { port } = new URL(receiver.url);
    for (const host of [
      '127.0.0.1',
      '127.1',
      '0x7f.1',
      '2130706433',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '169.254.169.254',
    ])
      await assert.rejects(client.request(`http://${host}:${port}/x`, { onlyPublic: true }, never), {
        code: 'NOT_PUBLIC',
        message: /^GET .* has an address that is not of the internet$/,
      });
    assert.equal(receiver.requests.length, 0);
  });

  it('sends JSON, texts, bytes and headers', async () => {
    await client.request(
      receiver.url,
      { method: 'POST', json: { x: 'é' }, headers: { 'X-Key': '1' } },
      never,
    );
    await client.request(receiver.url, { method: 'PUT', body: 'text' }, never);
    await client.request(receiver.url, { method: 'PATCH', body: Buffer.from([0, 255]) }, never);
    const [json, text, bytes] = receiver.requests;
    assert.deepEqual([json?.method, json?.body.toString()], ['POST', '{"x":"é"}']);
    const headers = new Map(json?.rawHeaders.map(([name, value]) => [name.toLowerCase(), value]));
    assert.deepEqual(
      [headers.get('content-type'), headers.get('x-key'), headers.get('user-agent')],
      ['application/json', '1', 'ackline'],
    );
    assert.deepEqual([text?.body.toString(), bytes?.body], ['text', Buffer.from([0, 255])]);
  });

  it('rejects another status than 2xx, without path or query in its words, unless any is wanted', async () => {
    receiver.always({ status: 404, body: 'nothing' });
    const url = `${receiver.url}/token-in-path?key=secret`;
    await assert.rejects(client.request(url, {}, never), (error: OutboundError) => {
      assert.match(error.message, /^GET 127\.0\.0\.1:\d+ answered 404$/);
      assert.deepEqual(
        [error.kind, error.code, error.status, error.maybeDone],
        ['failed', 'HTTP_404', 404, false],
      );
      return true;
    });
    assert.equal((await client.request(url, { anyStatus: true }, never)).text(), 'nothing');
    assert.equal(receiver.requests.length, 2);
  });

  it('tries what may be repeated three times, and no more', async () => {
    receiver.script({ status: 503 }, { reset: true });
    assert.equal((await client.request(receiver.url, {}, never)).status, 200);
    assert.equal(receiver.requests.length, 3);
    receiver.always({ status: 500 });
    await assert.rejects(client.request(receiver.url, { method: 'DELETE' }, never), { code: 'HTTP_500' });
    assert.equal(receiver.requests.length, 6);
  });

  it('sends once what may have been done, and says that it may have been', async () => {
    for (const [answer, maybeDone] of [
      [{ reset: true }, true],
      [{ status: 502 }, true],
      [{ status: 500 }, false],
      [{ status: 503 }, false],
    ] as const) {
      receiver.clear();
      receiver.script(answer);
      await assert.rejects(client.request(receiver.url, { method: 'POST' }, never), { maybeDone });
      assert.equal(receiver.requests.length, 1);
    }
    receiver.clear();
    receiver.script({ reset: true });
    await client.request(receiver.url, { method: 'POST', idempotent: true }, never);
    assert.equal(receiver.requests.length, 2);
  });

  it('sends again what was never sent: there was nobody to connect to', async () => {
    const closed = createTcpServer();
    const { port, close } = await listen(closed);
    await close();
    const url = `http://127.0.0.1:${port}/`;
    await assert.rejects(client.request(url, { method: 'POST' }, never), {
      code: 'ECONNREFUSED',
      maybeDone: false,
    });
    assert.equal(client.figures().calls[0]?.count, 3);
  });

  it('comes again when it is told to, for every method, and leaves long waits to the schedule', async () => {
    receiver.script(
      { status: 429, headers: { 'retry-after': '0' } },
      { status: 503, headers: { 'retry-after': '0' } },
    );
    await client.request(receiver.url, { method: 'POST' }, never);
    assert.equal(receiver.requests.length, 3);
    receiver.script({ status: 503, headers: { 'retry-after': '11' } });
    await assert.rejects(client.request(receiver.url, { method: 'POST' }, never), {
      kind: 'retry-later',
      afterMs: 11_000,
    });
    assert.equal(receiver.requests.length, 4);
  });

  it('ends in its time: without an answer, in the middle of one, and in a wait', async () => {
    receiver.script({ hang: true });
    await assert.rejects(client.request(receiver.url, { method: 'POST', timeoutMs: 50 }, never), {
      code: 'TIMEOUT',
      maybeDone: true,
    });
    receiver.script({ status: 429, headers: { 'retry-after': '5' } });
    const startedMs = performance.now();
    await assert.rejects(client.request(receiver.url, { timeoutMs: 100 }, never), { code: 'HTTP_429' });
    assert.ok(performance.now() - startedMs < 5_000);
    const server = createServer((_, response) => void response.writeHead(200).write('a'));
    await using site = await listen(server);
    await assert.rejects(client.request(site.url, { timeoutMs: 50 }, never), { code: 'TIMEOUT' });
  });

  it('ends at once with its job, and says that it may have been done only if it was sent', async () => {
    const abort = new AbortController();
    receiver.script({ hang: true });
    const call = client.request(receiver.url, { method: 'POST' }, abort.signal);
    await waitFor(() => receiver.requests.length === 1);
    abort.abort();
    await assert.rejects(call, { code: 'ABORTED', maybeDone: true });
    await assert.rejects(client.request(receiver.url, { method: 'POST' }, abort.signal), {
      maybeDone: false,
    });
    assert.equal(receiver.requests.length, 1);
  });

  it('holds an answer up to its bound, declared or not', async () => {
    for (const headers of [{ 'content-length': '1001' }, {}]) {
      receiver.script({ status: 200, headers, body: Buffer.alloc(1_001) });
      await assert.rejects(client.request(receiver.url, { maxAnswerBytes: 1_000 }, never), {
        code: 'TOO_LARGE',
      });
    }
    receiver.script({ status: 200, body: Buffer.alloc(1_000) });
    assert.equal((await client.request(receiver.url, { maxAnswerBytes: 1_000 }, never)).body.length, 1_000);
  });

  it('waits for nothing of an answer that declares too much', async () => {
    const server = createServer(
      (_, response) => void response.writeHead(200, { 'content-length': 1e9 }).write('a'),
    );
    await using site = await listen(server);
    await assert.rejects(client.request(site.url, { timeoutMs: 20_000 }, never), { code: 'TOO_LARGE' });
  });

  it('follows no redirect', async () => {
    receiver.always({ status: 302, headers: { location: '/elsewhere' } });
    await assert.rejects(client.request(receiver.url, {}, never), { code: 'HTTP_302' });
    assert.equal(receiver.requests.length, 1);
  });

  it('says what is no JSON, and not what it is', async () => {
    receiver.always({ status: 200, body: '<secret>' });
    const answer = await client.request(receiver.url, {}, never);
    assert.throws(() => answer.json(), { code: 'NOT_JSON', message: /answered 200 with what is no JSON$/ });
  });

  for (const [url, words] of [
    ['/relative', /is no absolute URL/],
    ['ftp://example.com/', /is neither http nor https/],
    ['http://user:secret@example.com/', /has a password in its URL/],
  ] as const) {
    it(`refuses ${url}`, async () => {
      await assert.rejects(
        async () => client.request(url, {}, never),
        (error: OutboundError) => {
          assert.deepEqual(
            [error.code, words.test(error.message), error.message.includes('secret')],
            ['UNSENDABLE', true, false],
          );
          return true;
        },
      );
    });
  }

  it('refuses headers that HTTP can not carry, before anything is sent', async () => {
    const headers = { 'x-a': 'line\r\nx-b: 1' };
    await assert.rejects(client.request(receiver.url, { method: 'POST', headers }, never), {
      code: 'UND_ERR_INVALID_ARG',
      maybeDone: false,
    });
    assert.equal(receiver.requests.length, 0);
  });

  it('makes so many calls at a time, and 30 to one host, so that a slow one leaves room to others', async () => {
    client = create(40, 40);
    receiver.always({ hang: true });
    const abort = new AbortController();
    const slow = Array.from({ length: 60 }, () => client.request(receiver.url, {}, abort.signal));
    const all = Promise.allSettled(slow);
    await waitFor(() => receiver.requests.length === 30);
    await using other = await listen(createServer((_, response) => void response.end('fine')));
    assert.equal((await client.request(other.url, {}, never)).text(), 'fine');
    const { active, limit, origins } = client.figures();
    assert.deepEqual([active, limit, origins], [30, 40, [{ origin: receiver.url, active: 30, limit: 30 }]]);
    assert.equal(receiver.requests.length, 30);
    abort.abort();
    await all;
    assert.equal(client.figures().active, 0);
    assert.ok(client.figures().waits.count > 0);
  });

  it('keeps no more idle connections than it may', async () => {
    client = create(20, 3);
    const open = new Set<unknown>();
    // Without a hint when it closes idle connections, which would close them all.
    const server = createServer({ keepAliveTimeout: 0 }, (_, response) =>
      setTimeout(() => response.end('x'), 50),
    );
    server.on('connection', socket => {
      open.add(socket);
      socket.on('close', () => open.delete(socket));
    });
    await using site = await listen(server);
    await Promise.all(Array.from({ length: 20 }, () => client.request(site.url, {}, never)));
    await waitFor(() => open.size <= 3);
    await client.request(site.url, {}, never);
    assert.ok(open.size >= 1 && open.size <= 3);
  });

  it('counts by origin and outcome', async () => {
    receiver.script({ status: 200 }, { status: 404 }, { status: 429, headers: { 'retry-after': '60' } });
    for (let n = 0; n < 3; n++) await client.request(receiver.url, {}, never).catch(() => undefined);
    assert.deepEqual(
      client.figures().calls.map(({ origin, outcome, count }) => [origin, outcome, count]),
      [
        [receiver.url, '2xx', 1],
        [receiver.url, '4xx', 1],
        [receiver.url, '429', 1],
      ],
    );
  });
});

interface Site extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly close: () => Promise<void>;
}

async function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<Site> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { url: `http://127.0.0.1:${port}`, port, close, [Symbol.asyncDispose]: close };
}
