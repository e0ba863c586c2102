import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startFront, TELEGRAM_HEADERS } from '../support/front.ts';
import { openRaw, post } from '../support/raw-http.ts';

// Side by side: each waits for the time for a head.
describe('a connection on which nothing was sent', { concurrency: true }, () => {
  it('outlives the time for a head, and then serves its first request', async () => {
    await using front = await startFront();
    using ahead = await openRaw(front.port);
    // Opened later, so that the other one is over the time too once this one is refused.
    using slow = await openRaw(front.port);
    slow.write(Buffer.from('POST /webhook/telegram HTTP/1.1\r\nHost:'));
    assert.equal((await slow.answer()).status, 408);

    const body = '{"update_id":1,"message":{"chat":{"id":7},"date":1700000000}}';
    ahead.write(post('/webhook/telegram', TELEGRAM_HEADERS, body));
    assert.equal((await ahead.answer()).status, 200);
  });

  it('is refused after the time for a head once half of the connections are taken', async () => {
    await using front = await startFront({ maxConnections: 2 });
    using idle = await openRaw(front.port);
    assert.equal((await idle.answer()).status, 408);
  });
});
