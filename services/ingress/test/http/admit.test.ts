import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { admit, type RequestHead } from '../../src/http/admit.ts';
import { sourceConfig, sourceTable } from '../support/endpoint.ts';

const sources = sourceTable([
  sourceConfig({ maxBodyBytes: 1_000 }),
  sourceConfig({
    name: 'whatsapp',
    provider: 'twilio',
    path: '/webhook/whatsapp',
    aliases: ['/webhook/whatsapp-optimized'],
  }),
]);

function verdict(head: Partial<RequestHead>): string {
  const admission = admit(
    { method: 'POST', target: '/webhook/telegram', headers: [['Content-Type', 'application/json']], ...head },
    sources,
  );
  if (admission.kind === 'refused') return admission.reason;
  const place = `${admission.endpoint.source.name} at ${admission.endpoint.path}`;
  return admission.kind === 'admitted' ? `${place}, ${admission.contentLength}` : `${place}, asked by GET`;
}

describe('admit', () => {
  it('finds a source by its path or an alias, whatever the query', () => {
    const form: RequestHead['headers'] = [['content-type', 'application/x-www-form-urlencoded']];
    assert.equal(verdict({}), 'telegram at /webhook/telegram, null');
    assert.equal(
      verdict({ target: '/webhook/whatsapp-optimized?a=b', headers: form }),
      'whatsapp at /webhook/whatsapp-optimized, null',
    );
  });

  it('takes a path for what it says: no other case, escape, slash or form is the same one', () => {
    for (const target of [
      '/webhook/Telegram',
      '/webhook/telegram/',
      '//webhook/telegram',
      '/webhook%2Ftelegram',
      '/webhook/telegram#x',
      'http://host/webhook/telegram',
      '*',
      '',
    ]) {
      assert.equal(verdict({ target }), 'no_such_source', target);
    }
  });

  it('finds no source in the names that every object has', () => {
    assert.equal(verdict({ target: 'constructor' }), 'no_such_source');
    assert.equal(verdict({ target: '__proto__' }), 'no_such_source');
  });

  it('tells a path that is not there from a method that is not allowed', () => {
    assert.equal(verdict({ method: 'GET' }), 'method_not_allowed');
    assert.equal(verdict({ method: 'GET', target: '/other' }), 'no_such_source');
  });

  it('compares the media type without its parameters and letter case, and only one of them', () => {
    assert.equal(
      verdict({ headers: [['CONTENT-TYPE', 'Application/JSON; charset=utf-8']] }),
      'telegram at /webhook/telegram, null',
    );
    assert.equal(verdict({ headers: [] }), 'unsupported_type');
    assert.equal(
      verdict({
        headers: [
          ['Content-Type', 'application/json'],
          ['Content-Type', 'text/plain'],
        ],
      }),
      'unsupported_type',
    );
  });

  it('takes identity as no encoding, and refuses every other one, the last of several too', () => {
    const json: RequestHead['headers'][number] = ['Content-Type', 'application/json'];
    assert.equal(
      verdict({ headers: [json, ['Content-Encoding', ' Identity ']] }),
      'telegram at /webhook/telegram, null',
    );
    for (const encoding of ['gzip', 'identity, gzip', '']) {
      assert.equal(verdict({ headers: [json, ['Content-Encoding', encoding]] }), 'unsupported_encoding');
    }
    assert.equal(
      verdict({ headers: [json, ['Content-Encoding', 'identity'], ['Content-Encoding', 'br']] }),
      'unsupported_encoding',
    );
  });

  it('takes a declared length up to the limit of the source', () => {
    const json: RequestHead['headers'][number] = ['Content-Type', 'application/json'];
    assert.equal(
      verdict({ headers: [json, ['Content-Length', '1000']] }),
      'telegram at /webhook/telegram, 1000',
    );
    assert.equal(verdict({ headers: [json, ['Content-Length', '1001']] }), 'body_too_large');
  });
});
