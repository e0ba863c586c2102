import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isChildMessage, reportToParent } from '@ackline/runtime/parent-channel';

describe('reportToParent', () => {
  it('sends to the parent', () => {
    const sent: unknown[] = [];
    reportToParent({ connected: true, send: message => sent.push(message) }, { kind: 'started' });
    assert.deepEqual(sent, [{ kind: 'started' }]);
  });

  it('does nothing without a parent, or when it has gone', () => {
    reportToParent({ connected: true }, { kind: 'started' });
    reportToParent(
      { connected: false, send: () => assert.fail('sent to a closed channel') },
      { kind: 'started' },
    );
  });
});

describe('isChildMessage', () => {
  it('tells a message of ours from anything else on the channel', () => {
    assert.equal(isChildMessage({ kind: 'listening', name: 'http', host: '127.0.0.1', port: 8080 }), true);
    assert.equal(isChildMessage({ kind: 'log-level', level: 'debug' }), true);
    for (const other of [null, 'started', {}, { kind: 'other' }]) assert.equal(isChildMessage(other), false);
  });
});
