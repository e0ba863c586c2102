import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
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

  it('does without a public URL', () => {
    assert.equal(sourceTable([twilio()]).get('/webhook/whatsapp')?.publicUrl, null);
  });

  it('refuses a provider that there is not', () => {
    assert.throws(() => sourceTable([sourceConfig({ provider: 'constructor' })]), /no provider constructor/);
  });
});
