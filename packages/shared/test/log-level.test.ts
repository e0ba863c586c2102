import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseLogLevel } from '@ackline/shared/log-level';

describe('parseLogLevel', () => {
  it("takes pino's names and the upper-case names of Python's logging", () => {
    const names = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'warn', 'trace', ' Info '];
    assert.deepEqual(names.map(parseLogLevel), ['debug', 'info', 'warn', 'error', 'warn', 'trace', 'info']);
  });

  it('knows no other name, not even one of Object.prototype', () => {
    assert.deepEqual(['loud', '', 'constructor'].map(parseLogLevel), [null, null, null]);
  });
});
