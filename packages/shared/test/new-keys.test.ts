import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { newKeys, newKeysOf } from '../src/new-keys.ts';
import type { Provider } from '../src/provider.ts';
import { providers } from '../src/providers/registry.ts';

const NOW = Date.UTC(2026, 10, 30);

describe('new keys', () => {
  for (const provider of providers.values())
    it(`are such that ${provider.name} takes them and signs with them, other ones each time`, () => {
      const [keys, others] = [newKeysOf(provider), newKeysOf(provider)];
      const request = { url: 'https://hooks.example.com/', secret: keys.signingKey, sequence: 0, now: NOW };
      const sample = { method: 'POST', url: request.url, ...provider.sample(request) };
      assert.equal(provider.checkSecret(keys.secret), true);
      assert.ok(provider.verify(sample, [keys.secret], NOW).verified);
      assert.ok(!provider.verify(sample, [others.secret], NOW).verified);
    });

  it('are a pair only where no secret is taken', () => {
    const isPair = (provider: Provider) => {
      const { secret, signingKey } = newKeysOf(provider);
      return secret !== signingKey;
    };
    const names = [...providers.values()].filter(isPair).map(({ name }) => name);
    assert.deepEqual(names, ['discord', 'paypal', 'sendgrid']);
  });

  it('are the same of the same bytes, but for pairs', () => {
    const bytes = Buffer.alloc(32, 0x5a);
    assert.equal(newKeys({ checks: [], providers: [] }, bytes)?.secret, '5a'.repeat(16));
    const asStandard = { checks: [(text: string) => text.startsWith('whsec_') || 'no'], providers: [] };
    assert.equal(newKeys(asStandard, bytes)?.secret, `whsec_${bytes.toString('base64')}`);
  });

  it('are none rather than bad ones under a rule that no form keeps', () => {
    const paypal = providers.get('paypal');
    assert.ok(paypal);
    assert.equal(newKeys({ checks: [() => 'must be something else'], providers: [paypal] }), null);
  });
});
