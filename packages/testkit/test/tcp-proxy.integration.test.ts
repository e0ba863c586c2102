import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { startTcpProxy } from '@ackline/testkit/tcp-proxy';
import { waitFor } from '@ackline/testkit/wait-for';

describe('the TCP proxy', () => {
  it('passes bytes both ways', async () => {
    await using receiver = await startFakeReceiver();
    await using proxy = await startTcpProxy({ port: receiver.port });
    receiver.always({ status: 200, body: 'y'.repeat(1_000_000) });
    const response = await fetch(`http://127.0.0.1:${proxy.port}`, {
      method: 'POST',
      body: 'x'.repeat(1_000_000),
    });
    assert.equal((await response.text()).length, 1_000_000);
    assert.equal(receiver.requests[0]?.body.length, 1_000_000);
  });

  it('cuts what is open and refuses what is new, until it heals on the same port', async () => {
    await using receiver = await startFakeReceiver();
    await using proxy = await startTcpProxy({ port: receiver.port });
    const url = `http://127.0.0.1:${proxy.port}`;
    receiver.script({ hang: true });
    const open = assert.rejects(fetch(url), TypeError);
    await waitFor(() => receiver.requests.length === 1);
    await proxy.cut();
    await open;
    await assert.rejects(fetch(url), TypeError);
    await proxy.heal();
    assert.equal((await fetch(url)).status, 200);
  });

  it('lets nothing through while it stalls', async () => {
    await using receiver = await startFakeReceiver();
    await using proxy = await startTcpProxy({ port: receiver.port });
    proxy.stall();
    const pending = assert.rejects(fetch(`http://127.0.0.1:${proxy.port}`), TypeError);
    await waitFor(() => proxy.connections >= 1);
    assert.equal(receiver.requests.length, 0);
    await proxy.heal();
    await pending;
    assert.equal((await fetch(`http://127.0.0.1:${proxy.port}`)).status, 200);
  });

  it('delays what it passes on when it is slow', async () => {
    await using receiver = await startFakeReceiver();
    await using proxy = await startTcpProxy({ port: receiver.port });
    proxy.slow(60_000);
    const controller = new AbortController();
    const pending = assert.rejects(
      fetch(`http://127.0.0.1:${proxy.port}`, { signal: controller.signal }),
      /abort/i,
    );
    await waitFor(() => proxy.connections >= 1);
    assert.equal(receiver.requests.length, 0);
    controller.abort();
    await pending;
    proxy.slow(1);
    assert.equal((await fetch(`http://127.0.0.1:${proxy.port}`)).status, 200);
  });

  it('keeps the order of bytes when it heals while some are delayed', async () => {
    await using receiver = await startFakeReceiver();
    await using proxy = await startTcpProxy({ port: receiver.port });
    const socket = connect(proxy.port, '127.0.0.1');
    await once(socket, 'connect');
    proxy.slow(60_000, 'server');
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc');
    await waitFor(() => socket.bytesWritten > 0 && proxy.connections === 1);
    await proxy.heal();
    socket.write('def');
    const got = await waitFor(() => receiver.requests[0]);
    assert.equal(got.body.toString(), 'abcdef');
    socket.destroy();
  });

  it('is slow in one direction only where that is asked for', async () => {
    await using receiver = await startFakeReceiver();
    await using proxy = await startTcpProxy({ port: receiver.port });
    proxy.slow(60_000, 'client');
    const controller = new AbortController();
    const pending = assert.rejects(
      fetch(`http://127.0.0.1:${proxy.port}`, { signal: controller.signal }),
      /abort/i,
    );
    await waitFor(() => receiver.requests.length === 1);
    controller.abort();
    await pending;
  });
});
