import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { waitFor } from '@ackline/testkit/wait-for';

describe('waitFor', () => {
  it('gives the value that the condition came to', async () => {
    let calls = 0;
    assert.equal(await waitFor(() => (++calls < 3 ? null : calls)), 3);
  });

  it('takes zero and the empty string for values', async () => {
    assert.equal(await waitFor(() => 0), 0);
    assert.equal(await waitFor(async () => ''), '');
  });

  it('waits through errors, and ends with the last one as the cause', async () => {
    const refused = new Error('connection refused');
    const wait = waitFor(() => Promise.reject(refused), { timeoutMs: 1, what: 'the server' });
    await assert.rejects(wait, { message: 'waited 1 ms in vain for the server', cause: refused });
  });
});
