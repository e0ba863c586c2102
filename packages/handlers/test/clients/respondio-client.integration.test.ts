import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type FakeRespondio, startFakeRespondio } from '@ackline/testkit/fake-respondio';
import { createRespondioClient } from '../../src/clients/respondio-client.ts';
import { type ClientBench, clientBench } from './client-bench.ts';

const hello = { message: { type: 'text', text: 'hello' } };

describe('the client of respond.io', () => {
  let respondio: FakeRespondio;
  let bench: ClientBench;
  const withToken = (respondioToken: string) =>
    createRespondioClient(
      bench.deps({ secrets: { respondioToken }, settings: { respondio: { apiUrl: respondio.url } } }),
    );
  before(async () => {
    respondio = await startFakeRespondio();
    bench = clientBench();
  });
  after(async () => {
    await bench[Symbol.asyncDispose]();
    await respondio.close();
  });

  it('sends to a contact, on a channel, within five a second', async () => {
    const client = withToken(respondio.token);
    assert.deepEqual(await client.sendMessage('id:123', { channelId: 7, ...hello }), { messageId: '1' });
    await client.sendMessage('phone:+15550001', hello);
    assert.deepEqual(respondio.sent, [
      { contact: 'id:123', channelId: 7, ...hello },
      { contact: 'phone:+15550001', ...hello },
    ]);
    assert.deepEqual([bench.taken[0]?.points, bench.taken[0]?.perMs], [5, 1_000]);
  });

  it('honours Retry-After', async () => {
    respondio.limit(1, 0);
    await withToken(respondio.token).sendMessage('id:1', hello);
    respondio.limit(1, 60);
    await assert.rejects(withToken(respondio.token).sendMessage('id:1', hello), { afterMs: 60_000 });
  });

  it('refuses what is no contact, and tells of a wrong token', async () => {
    await assert.rejects(withToken(respondio.token).sendMessage('../admin', hello), { kind: 'given-up' });
    await assert.rejects(withToken('wrong').sendMessage('id:1', hello), { status: 401 });
  });
});
