import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '@ackline/shared/app-error';
import { sourceConfig, sourceTable } from './support/endpoint.ts';

const twilio = (overrides = {}) =>
  sourceConfig({ name: 'whatsapp', provider: 'twilio', path: '/webhook/whatsapp', ...overrides });

describe('createSourceTable', () => {
  it("prefers a source's own public URL to that of the file", () => {
    const table = sourceTable(
      [sourceConfig(), twilio({ publicUrl: 'https://own.example' })],
      'https://all.example',
    );
    assert.equal(table.get('/webhook/telegram')?.publicUrl, 'https://all.example');
    assert.equal(table.get('/webhook/whatsapp')?.publicUrl, 'https://own.example');
  });

  it('refuses in production every source that signs its URL and has none, and only these', () => {
    assert.throws(
      () => sourceTable([sourceConfig(), twilio(), twilio({ name: 'second', path: '/second' })], null, true),
      (error: unknown) => {
        assert.ok(error instanceof AppError);
        assert.equal(error.code, 'ACKLINE_CONFIG_INVALID');
        assert.deepEqual(
          error.message.split('\n').map(line => line.split(':')[0]),
          ['source whatsapp', 'source second'],
        );
        return true;
      },
    );
  });

  it('does without a public URL in development', () => {
    assert.equal(sourceTable([twilio()]).get('/webhook/whatsapp')?.publicUrl, null);
  });

  it('refuses a provider that there is not', () => {
    assert.throws(() => sourceTable([sourceConfig({ provider: 'constructor' })]), /no provider constructor/);
  });
});
