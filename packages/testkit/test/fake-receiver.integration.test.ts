import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { waitFor } from '@ackline/testkit/wait-for';

async function exchange(port: number, request: Buffer | string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', chunk => (answer += chunk.toString('latin1')));
  socket.write(request);
  await once(socket, 'close');
  return answer;
}

describe('the fake receiver', () => {
  it('keeps the bytes as sent, and the headers in order with their duplicates', async () => {
    await using receiver = await startFakeReceiver();
    const body = Buffer.from([0, 255, 10, 13, 128]);
    const head =
      'POST /hook?a=1 HTTP/1.1\r\nHost: x\r\nX-B: 2\r\nx-a: 1\r\nX-B: 3\r\nConnection: close\r\nContent-Length: 5\r\n\r\n';
    const answer = await exchange(receiver.port, Buffer.concat([Buffer.from(head), body]));
    assert.match(answer, /^HTTP\/1.1 200/);
    const [request] = receiver.requests;
    assert.equal(request?.url, '/hook?a=1');
    assert.deepEqual(request?.body, body);
    assert.deepEqual(request?.rawHeaders.slice(0, 4), [
      ['Host', 'x'],
      ['X-B', '2'],
      ['x-a', '1'],
      ['X-B', '3'],
    ]);
  });

  it('answers by the script first, then by the standing answer', async () => {
    await using receiver = await startFakeReceiver();
    receiver.script({ status: 503, headers: { 'retry-after': '7' }, body: 'later' }, { reset: true });
    receiver.always(request => ({ status: request.url === '/gone' ? 410 : 204 }));
    const post = (path: string): Promise<Response> => fetch(receiver.url + path, { method: 'POST' });
    const first = await post('/');
    assert.deepEqual(
      [first.status, first.headers.get('retry-after'), await first.text()],
      [503, '7', 'later'],
    );
    await assert.rejects(post('/'), TypeError);
    assert.equal((await post('/gone')).status, 410);
    assert.equal((await post('/')).status, 204);
    assert.equal(receiver.requests.length, 4);
  });

  it('closes although a request hangs', async () => {
    const receiver = await startFakeReceiver();
    receiver.always({ hang: true });
    const hanging = assert.rejects(fetch(receiver.url), TypeError);
    await waitFor(() => receiver.requests.length === 1);
    await receiver.close();
    await hanging;
  });

  it('keeps no more than it was told, and counts the rest', async () => {
    await using receiver = await startFakeReceiver({ maxRequests: 2, maxTotalBytes: 10 });
    const post = async (body: string): Promise<number> =>
      (await fetch(receiver.url, { method: 'POST', body })).status;
    assert.deepEqual(
      [await post('12345678901'), await post('1'), await post('2'), await post('3')],
      [507, 200, 200, 507],
    );
    assert.equal(receiver.overflow, 2);
  });
});
