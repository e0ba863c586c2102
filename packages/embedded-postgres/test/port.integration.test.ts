import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, it } from 'node:test';
import { AppError } from '@ackline/shared/app-error';
import { checkPort, findFreePort } from '@ackline/embedded-postgres/port';

describe('the port', () => {
  it('is free when it was found free', async () => {
    await checkPort(await findFreePort());
  });

  it('is none that the system gives to an outgoing connection meanwhile', async () => {
    const ports = await Promise.all(Array.from({ length: 20 }, findFreePort));
    assert.deepEqual(
      ports.filter(port => port < 10_000 || port >= 30_000),
      [],
    );
  });

  it('names the process that holds it', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const who = process.platform === 'linux' ? `process ${process.pid} (` : 'another program';
    await assert.rejects(checkPort(port), (error: unknown) => {
      assert.ok(error instanceof AppError);
      assert.equal(error.code, 'ACKLINE_PORT_IN_USE');
      assert.ok(error.message.includes(`Port ${port} `) && error.message.includes(who), error.message);
      return true;
    });
    server.close();
  });
});
