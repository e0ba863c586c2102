import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type FakeReceiver, startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { freePort } from '@ackline/testkit/free-port';
import {
  createHttpSender,
  type HttpSender,
  type OutboundRequest,
} from '../../../src/delivery/sending/http-sender.ts';
import { createNameLookup } from '@ackline/runtime/name-lookup';
import type { AttemptResult } from '../../../src/delivery/outcomes/outcome.ts';

describe('one request to a destination', () => {
  let receiver: FakeReceiver;
  let sender: HttpSender;
  before(async () => {
    receiver = await startFakeReceiver();
    sender = createHttpSender({ connections: 2, lookup: createNameLookup() });
  });
  beforeEach(() => {
    receiver.clear();
    receiver.always({ status: 200 });
  });
  after(async () => {
    await sender.close();
    await receiver.close();
  });

  const send = (overrides: Partial<OutboundRequest> = {}): Promise<AttemptResult> =>
    sender.send({
      url: `${receiver.url}/hook?a=1&b=%20`,
      headers: ['content-type', 'application/json'],
      body: Buffer.from('{}'),
      signal: AbortSignal.timeout(10_000),
      ...overrides,
    });

  it('carries path, query, headers in order with duplicates and latin1, and the exact bytes', async () => {
    const body = Buffer.from([0, 255, 13, 10, 0xc3]);
    const headers = ['X-One', 'caf\u00e9', 'x-two', '', 'X-One', 'again', 'x-one', 'lower'];
    const result = await send({ headers, body });
    assert.deepEqual(result, { kind: 'response', status: 200, retryAfterMs: null, excerpt: null });
    const [request] = receiver.requests;
    assert.equal(request!.method, 'POST');
    assert.equal(request!.url, '/hook?a=1&b=%20');
    assert.deepEqual(request!.body, body);
    const ours = request!.rawHeaders.filter(([name]) => /^x-/i.test(name));
    assert.deepEqual(ours.flat(), headers);
    const others = request!.rawHeaders.filter(([name]) => !/^x-/i.test(name)).map(([name]) => name);
    assert.deepEqual(others.sort(), ['connection', 'content-length', 'host']);
  });

  it('carries an empty body as one', async () => {
    await send({ body: Buffer.alloc(0) });
    assert.equal(receiver.requests[0]!.body.length, 0);
    assert.deepEqual(
      receiver.requests[0]!.rawHeaders.find(([name]) => name === 'content-length'),
      ['content-length', '0'],
    );
  });

  it('goes to the URL that was configured, and follows no redirect', async () => {
    receiver.always({ status: 307, headers: { location: `${receiver.url}/elsewhere` } });
    const result = await send();
    assert.equal(result.kind === 'response' && result.status, 307);
    assert.equal(receiver.requests.length, 1);
  });

  it('tells the status, when to come again, and the start of the answer as storable text', async () => {
    receiver.always({
      status: 503,
      headers: { 'retry-after': '7' },
      body: `busy\u0000\u001b[31m \ud83d${'é'.repeat(600)}`,
    });
    const result = await send();
    assert.equal(result.kind, 'response');
    if (result.kind !== 'response') return;
    assert.deepEqual([result.status, result.retryAfterMs], [503, 7_000]);
    assert.ok(result.excerpt!.startsWith('busy [31m'));
    assert.ok(result.excerpt!.length <= 512);
    assert.ok(result.excerpt!.isWellFormed() && !/\p{Cc}/u.test(result.excerpt!));
  });

  it('is not held up by an answer without an end: the status is what counts', async () => {
    receiver.always({ status: 200, body: Buffer.alloc(1024 * 1024, 'x') });
    assert.equal((await send()).kind, 'response');
    receiver.always({ status: 200 });
    assert.equal((await send()).kind, 'response'); // and the next one finds a connection
  });

  it('says how it failed where there was no answer, by a class and by the code of the system', async () => {
    receiver.script({ reset: true });
    assert.deepEqual(await send(), { kind: 'error', errorClass: 'reset', systemCode: 'ECONNRESET' });
    const nobody = await freePort();
    assert.deepEqual(await send({ url: `http://127.0.0.1:${nobody}/` }), {
      kind: 'error',
      errorClass: 'connect',
      systemCode: 'ECONNREFUSED',
    });
    assert.deepEqual(await send({ url: `https://127.0.0.1:${receiver.port}/` }), {
      kind: 'error',
      errorClass: 'tls',
      systemCode: 'ERR_SSL_WRONG_VERSION_NUMBER',
    });
    assert.equal((await send()).kind, 'response');
  });

  it('finds its host by name, as the system does, and says so where there is none', async () => {
    assert.equal((await send({ url: `http://localhost:${receiver.port}/` })).kind, 'response');
    const nowhere = await send({ url: 'http://no-such-host.invalid/' });
    assert.deepEqual(nowhere, { kind: 'error', errorClass: 'dns', systemCode: 'ENOTFOUND' });
  });

  it('is cut by its time limit, and by the end of the process, and tells the two apart', async () => {
    receiver.always({ hang: true });
    assert.deepEqual(await send({ signal: AbortSignal.timeout(50) }), {
      kind: 'error',
      errorClass: 'timeout',
    });
    const stop = new AbortController();
    const stopped = send({ signal: AbortSignal.any([stop.signal, AbortSignal.timeout(10_000)]) });
    stop.abort();
    assert.deepEqual(await stopped, { kind: 'error', errorClass: 'aborted' });
  });

  it('that can’t be sent at all is an error like any other', async () => {
    assert.equal((await send({ headers: ['bad name', 'x'] })).kind, 'error');
    assert.equal((await send({ url: 'no url' })).kind, 'error');
  });
});

describe('a 200 whose body stops in the middle', () => {
  let server: Server;
  let url: string;
  before(async () => {
    server = createServer((_request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('only this');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  it('counts by its status, which was there already', async () => {
    const sender = createHttpSender({ connections: 1, lookup: createNameLookup() });
    const signal = AbortSignal.timeout(100);
    const result = await sender.send({ url, headers: [], body: Buffer.alloc(0), signal });
    assert.deepEqual(result, { kind: 'response', status: 200, retryAfterMs: null, excerpt: null });
    await sender.close();
  });
});

describe('a connection with TLS', () => {
  let listener: TcpServer;
  let sender: HttpSender;
  before(async () => {
    listener = createTcpServer();
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    sender = createHttpSender({ connections: 1, lookup: createNameLookup() });
  });
  after(async () => {
    await sender.close();
    listener.close();
    await once(listener, 'close');
  });

  it('offers HTTP/1.1 alone, so that one that is dead ends with its attempt', async () => {
    const hello = new Promise<Buffer>(resolve => {
      listener.once('connection', socket => {
        socket.once('data', bytes => {
          resolve(bytes);
          socket.destroy();
        });
      });
    });
    const url = `https://127.0.0.1:${(listener.address() as AddressInfo).port}/`;
    const signal = AbortSignal.timeout(10_000);
    const result = await sender.send({ url, headers: [], body: Buffer.alloc(0), signal });
    assert.equal(result.kind, 'error');
    const offered = (await hello).toString('latin1');
    // Each name stands after its length.
    assert.ok(offered.includes('\u0008http/1.1'));
    assert.ok(!offered.includes('\u0002h2'), 'HTTP/2 too');
  });
});
