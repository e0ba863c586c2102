import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sourceConfig, sourceTable } from '../support/endpoint.ts';

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

  it('repeats of a called path what is configured, and nothing of what a caller put there', () => {
    const table = sourceTable([sourceConfig(), twilio({ path: '/whatsapp' })]);
    const shown = (path: string) => table.knownPart(path);
    assert.deepEqual(
      [
        '/webhook/telegram',
        '/webhook/telegram/123:token',
        '/webhook/token',
        '/token',
        '/whatsapp/',
        '*',
        '',
      ].map(shown),
      ['/webhook/telegram', '/webhook/telegram/…', '/webhook/…', '/…', '/whatsapp/…', '/…', '/…'],
    );
    assert.equal(shown(`/webhook${'/x'.repeat(10_000)}`), '/webhook/…');
  });

  it('refuses a provider that there is not', () => {
    assert.throws(() => sourceTable([sourceConfig({ provider: 'constructor' })]), /no provider constructor/);
  });
});
