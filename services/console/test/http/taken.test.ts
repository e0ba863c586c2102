import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { it } from 'node:test';
import { waitFor } from '@ackline/testkit/wait-for';
import express from 'express';
import { createUntaken, taken } from '../../src/http/taken.ts';

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

it('of answers that nobody takes so many stay as fit, and the oldest makes room for a new one', {
  timeout: 60_000,
}, async () => {
  const untaken = createUntaken(2.5 * LARGE.length);
  const ended: string[] = [];
  const begun: string[] = [];
  const server = express()
    .get('/:name', async ({ params: { name } }, response) => {
      response.send(name === 'small' ? 'x' : LARGE);
      begun.push(name);
      await untaken(response);
      ended.push(name);
    })
    .listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ask = async (name: string) => {
    const socket = connect({ host: '127.0.0.1', port }).pause();
    socket.on('error', () => undefined);
    socket.write(`GET /${name} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`);
    await waitFor(() => begun.includes(name));
  };
  for (const name of ['first', 'small', 'second']) await ask(name);
  assert.deepEqual(ended, ['small']);
  await ask('third');
  await waitFor(() => ended.length === 2);
  assert.deepEqual(ended, ['small', 'first']);
  const response = await fetch(`http://127.0.0.1:${port}/taken`);
  assert.equal((await response.text()).length, LARGE.length);
  await waitFor(() => ended.length === 4);
  assert.deepEqual(ended, ['small', 'first', 'second', 'taken']);
  server.close();
  server.closeAllConnections();
});
