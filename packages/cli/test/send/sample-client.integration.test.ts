import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { SampleRequest } from '@ackline/shared/provider';
import { waitFor } from '@ackline/testkit/wait-for';
import { createSampleClient } from '../../src/send/sample-client.ts';

/** Longer than a test may take: what has to end sooner may not wait for it. */
const NEVER_MS = 300_000;
const sample: SampleRequest = { headers: [['Content-Type', 'text/plain']], body: Buffer.from('x') };

describe('the client of samples', () => {
  let server: Server;
  let url = '';
  /** What the server writes to a request. */
  let answer = '';
  let asked = 0;
  before(async () => {
    server = createServer(socket => {
      socket.on('error', () => undefined);
      socket.on('data', () => {
        asked += 1;
        socket.write(answer);
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    url = `http://127.0.0.1:${(server.address() as { port: number }).port}/webhook`;
  });
  after(() => {
    server.close();
  });

  it('tells the status and the times of the server', async () => {
    answer = 'HTTP/1.1 202 Accepted\r\nserver-timing: verify;dur=1\r\ncontent-length: 2\r\n\r\nok';
    await using client = createSampleClient({ url, connections: 1, limitMs: NEVER_MS });
    assert.deepEqual(await client.post(sample), { outcome: 202, serverTiming: 'verify;dur=1' });
  });

  for (const [what, written] of [
    ['no answer', ''],
    ['the head of one alone', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n'],
  ] as const) {
    it(`gives up in its time where there is ${what}`, async () => {
      answer = written;
      await using client = createSampleClient({ url, connections: 1, limitMs: 50 });
      assert.deepEqual(await client.post(sample), { outcome: 'ETIMEDOUT', serverTiming: null });
    });

    it(`ends at once when it is stopped while there is ${what}`, async () => {
      answer = written;
      const stop = new AbortController();
      await using client = createSampleClient({ url, connections: 1, limitMs: NEVER_MS, stop: stop.signal });
      const before = asked;
      const posted = client.post(sample);
      await waitFor(() => asked > before);
      stop.abort();
      assert.equal(typeof (await posted).outcome, 'string');
    });
  }

  it('does not read an answer without an end', async () => {
    answer = `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${`4000\r\n${'x'.repeat(0x4000)}\r\n`.repeat(20)}`;
    await using client = createSampleClient({ url, connections: 1, limitMs: NEVER_MS });
    assert.equal((await client.post(sample)).outcome, 200);
  });
});
