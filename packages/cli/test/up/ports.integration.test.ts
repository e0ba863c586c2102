import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { choosePort } from '../../src/up/ports.ts';
import { checkSamplePort, startSampleReceiver } from '../../src/up/sample-receiver.ts';

const holder = createServer();
let taken = 0;

before(async () => {
  holder.listen(0, '127.0.0.1');
  await once(holder, 'listening');
  taken = (holder.address() as AddressInfo).port;
});
after(() => holder.close());

function request(isChosen: boolean, mayMove: boolean) {
  return { host: '127.0.0.1', variable: 'PORT', choice: { port: taken, isChosen }, mayMove, except: [] };
}

test('a default port that is taken moves to the next free one, and says who holds it', async () => {
  const { port, movedBecause } = await choosePort(request(false, true));
  assert.ok(port > taken);
  assert.match(movedBecause ?? '', process.platform === 'linux' ? new RegExp(`process ${process.pid}`) : /./);
});

test('a port that somebody chose, or any in production, is refused with its holder', async () => {
  for (const asked of [request(true, true), request(false, false)]) {
    await assert.rejects(choosePort(asked), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'ACKLINE_PORT_IN_USE');
      assert.match(error.message, new RegExp(`^PORT: port ${taken} is held by `));
      return true;
    });
  }
});

test('a port that this start has given away already is not given twice', async () => {
  const { port } = await choosePort(request(false, true));
  const choice = { port, isChosen: false };
  const other = await choosePort({ ...request(false, true), choice, except: [port] });
  assert.notEqual(other.port, port);
});

test('a port that another part of this start has is not blamed on another program', async () => {
  const { port } = await choosePort(request(false, true));
  const asked = { ...request(true, true), choice: { port, isChosen: true }, except: [port] };
  await assert.rejects(choosePort(asked), { message: /is held by another part of this start/ });
});

test('a sample receiver on a taken port says what to change, before a start and in it', async () => {
  await assert.rejects(checkSamplePort(taken), {
    code: 'ACKLINE_PORT_IN_USE',
    message: /another port in its destination/,
  });
  await assert.rejects(
    startSampleReceiver(taken, () => undefined),
    { code: 'ACKLINE_PORT_IN_USE', message: /another port in its destination/ },
  );
});

test('the sample receiver answers each delivery and says one line of it', async () => {
  const { port } = await choosePort({ ...request(false, true) });
  const lines: string[] = [];
  await using _ = await startSampleReceiver(port, line => lines.push(line));
  const url = `http://127.0.0.1:${port}/sample`;
  const headers = { 'webhook-id': 'sender\u00e9', 'ackline-webhook-id': 'd1' };
  assert.equal((await fetch(url, { method: 'POST', body: 'four', headers })).status, 200);
  assert.deepEqual(lines, ['sample receiver: delivery d1 arrived (4 B)']);
  assert.equal((await fetch(url)).status, 404);
  assert.equal((await fetch(`${url}/x`, { method: 'POST', body: '' })).status, 404);
});
