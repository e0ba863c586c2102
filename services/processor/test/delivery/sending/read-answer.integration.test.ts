import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { Agent } from 'undici';
import { readAnswer } from '../../../src/delivery/sending/read-answer.ts';

const LONG_MS = 10_000;
/** What is taken of an answer, and what sockets hold, have far less; in the time of one that drips a server sends far more. */
const MAX_SENT_BYTES = 32 * 1024 * 1024;

describe('an answer', () => {
  let server: Server;
  let origin: string;
  let answer: RequestListener;
  let agent: Agent;
  before(async () => {
    server = createServer((request, response) => answer(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    agent = new Agent({ connections: 1 });
  });
  after(async () => {
    await agent.destroy();
    server.close();
    await once(server, 'close');
  });

  const read = (signal: AbortSignal = AbortSignal.timeout(LONG_MS)) =>
    readAnswer(agent, { origin, path: '/', method: 'POST', body: Buffer.from('{}') }, signal);

  it('is the last head, not those that come before it', async () => {
    answer = (_request, response) => {
      response.writeProcessing();
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      response.writeHead(503, { 'retry-after': '7' }).end('busy');
    };
    assert.deepEqual(await read(), { status: 503, retryAfter: '7', start: Buffer.from('busy') });
  });

  it('is none where only such heads have come', async () => {
    answer = (request, response) =>
      response.writeEarlyHints({ link: '</style.css>; rel=preload' }, () => request.socket.destroy());
    await assert.rejects(read(), { code: 'UND_ERR_SOCKET' });
  });

  it('tells its first 512 bytes, from however many pieces, and nothing of a success', async () => {
    answer = (_request, response) => {
      response.writeHead(500);
      for (let piece = 0; piece < 300; piece += 1) response.write('abc');
      response.end();
    };
    const refused = await read();
    assert.equal(refused.start.toString(), 'abc'.repeat(300).slice(0, 512));
    answer = (_request, response) => void response.writeHead(299).end('secret');
    assert.deepEqual(await read(), { status: 299, retryAfter: undefined, start: Buffer.alloc(0) });
  });

  it('is cut where it does not end: one that comes fast after some bytes, one that drips after a while', async () => {
    const noLimit = new AbortController().signal;
    let sentBytes = 0;
    answer = (_request, response) => {
      const piece = Buffer.alloc(16 * 1024, 'x');
      const pump = () => {
        while (!response.destroyed && response.write(piece)) sentBytes += piece.length;
      };
      response.on('drain', pump);
      pump();
    };
    assert.equal((await read(noLimit)).status, 200);
    assert.ok(sentBytes < MAX_SENT_BYTES, `${sentBytes} bytes were taken`);
    answer = (_request, response) => void response.writeHead(500).write('drop');
    assert.deepEqual(await read(noLimit), { status: 500, retryAfter: undefined, start: Buffer.from('drop') });
  });

  it('is none where the limit was over before, and nothing is sent', async () => {
    let requests = 0;
    answer = (_request, response) => {
      requests += 1;
      response.end();
    };
    await assert.rejects(read(AbortSignal.abort()), { name: 'AbortError' });
    await read();
    assert.equal(requests, 1);
  });
});
