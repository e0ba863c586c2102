import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { it } from 'node:test';
import express from 'express';
import { taken } from '../../src/http/taken.ts';

const LARGE = 'x'.repeat(24 * 1024 * 1024);

it('who takes a little of an answer now and then is cut off in the end, and who takes it all is not', {
  timeout: 60_000,
}, async () => {
  let done = Promise.withResolvers<boolean>();
  const server = express()
    .get('/:ms', async ({ params }, response) => {
      response.send(LARGE);
      await taken(response, Number(params.ms));
      done.resolve(response.writableFinished);
    })
    .listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect({ host: '127.0.0.1', port }).pause();
  socket.on('error', () => undefined);
  socket.write(`GET /50 HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`);
  const sips = setInterval(() => socket.read(1), 5);
  assert.equal(await done.promise, false);
  clearInterval(sips);
  socket.destroy();
  done = Promise.withResolvers();
  const response = await fetch(`http://127.0.0.1:${port}/60000`);
  assert.equal((await response.text()).length, LARGE.length);
  assert.equal(await done.promise, true);
  server.close();
  server.closeAllConnections();
});
