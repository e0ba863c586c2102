import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';

import type { Provider } from '../../src/provider.ts';
import { providerOf, providers } from '../../src/providers/registry.ts';
import { testEveryProvider } from './every-provider.ts';

describe('the registry', () => {
  it('finds the providers by name and nothing that a map or object inherits', () => {
    assert.deepEqual(
      [...providers.keys()],
      [
        'telegram',
        'twilio',
        'respondio',
        'standard-webhooks',
        'svix',
        'github',
        'stripe',
        'shopify',
        'paddle',
        'linear',
        'square',
        'line',
        'slack',
        'zoom',
        'meta',
        'viber',
        'gitlab',
        'generic',
      ],
    );
    for (const [name, provider] of providers)
      for (const options of [null, undefined])
        assert.equal(providerOf({ provider: name, options }), provider);
    for (const name of ['', 'Telegram', '__proto__', 'constructor', 'toString', 'get'])
      assert.equal(providerOf({ provider: name, options: null }), undefined);
  });
});

describe('the provider of a source', () => {
  const header = { header: 'X-Signature' };

    it('sends samples of a content type that it takes, and names its headers in lower case', () => {
      assert.ok(provider.contentTypes.includes(mediaType(signedSample(provider, SECRET).headers) ?? ''));
      for (const text of [...provider.contentTypes, ...provider.bearerHeaders])
        assert.equal(text, text.toLowerCase());
    });

    it('is not proven without the header that it names, and with nothing else missing', () => {
      const request = signedSample(provider, SECRET);
      const headers = request.headers.filter(([name]) => name !== provider.proofHeaders[0]);
      assert.equal(headers.length, request.headers.length - 1);
      assert.deepEqual(provider.verify({ ...request, headers }, [SECRET], NOW), {
        verified: false,
        reason: 'missing_signature',
      });
    });

    it('makes every sample a new event, also of the same sequence at another time, and repeats the same one', () => {
      const keyOf = (sequence: number, now: number) =>
        identityOf(provider, signedSample(provider, SECRET, sequence, now)).dedupKey;
      const keys = new Set<string | null>();
      for (let sequence = 0; sequence < 200; sequence += 1) {
        keys.add(keyOf(sequence, NOW));
        keys.add(keyOf(sequence, NOW + 1));
      }
      assert.ok(!keys.has(null));
      assert.equal(keys.size, 400);
      assert.equal(keyOf(3, NOW), keyOf(3, NOW));
    });

    it('signs a given body as it is, for a content type that it takes, and no other body by that', () => {
      const given = Buffer.concat([signedSample(provider, SECRET, 7).body, Buffer.from(' \n')]);
      const request = signedBody(provider, SECRET, given);
      assert.deepEqual(Buffer.from(request.body), given);
      assert.ok(provider.contentTypes.includes(mediaType(request.headers) ?? ''));
      assert.deepEqual(provider.verify(request, [OTHER, SECRET], NOW), { verified: true, secretIndex: 1 });
      assert.equal(provider.identify(request).kind, 'event');
      const other = withBody(request, Buffer.concat([given, Buffer.from('.')]));
      assert.equal(provider.verify(other, [SECRET], NOW).verified, provider.bearerHeaders.length > 0);
    });

    it('accepts the secret that it samples with, and refuses an empty one in words that do not hold it', () => {
      assert.equal(provider.checkSecret(SECRET), true);
      assert.equal(typeof provider.checkSecret(''), 'string');
      assert.ok(!String(provider.checkSecret('dirty secret\n')).includes('dirty'));
    });

    it('never throws and never accepts, whatever a stranger sends', () => {
      for (const request of hostileRequests(provider, 7)) {
        const verdict = provider.verify(request, [SECRET, '', 'other'], NOW);
        assert.equal(verdict.verified, false);
        const answers = [
          provider.challenge?.(request, SECRET),
          provider.unsigned?.(request),
          provider.handshake?.(new URLSearchParams(Buffer.from(request.body).toString()), [SECRET]),
        ];
        for (const answer of answers) assert.ok(answer == null || answer.status === 200);
      }
    });

    it('calls no sample a challenge', () => {
      const request = signedSample(provider, SECRET);
      assert.deepEqual(
        [provider.challenge?.(request, SECRET) ?? null, provider.unsigned?.(request) ?? null],
        [null, null],
      );
    });

    it('never throws and only gives keys that can be stored, whatever a proven sender sends', () => {
      for (const request of hostileRequests(provider, 8)) {
        const identified = provider.identify(request);
        if (identified.kind === 'event') assertStorable(identified.identity);
        else assert.match(identified.detail, /^the [A-Za-z0-9 -]{1,60}$/);
        assert.equal(provider.answer(request).status, 200);
      }
    });

    it('survives a body of 5 MB of anything', () => {
      const request = signedSample(provider, SECRET);
      for (const filler of ['[', '{"a":', '&', 'a=b&', '%', '9', '"', '\\', '\u0000']) {
        const huge = withBody(request, Buffer.alloc(5_000_000, filler));
        const identified = provider.identify(huge);
        if (identified.kind === 'event') assertStorable(identified.identity);
        else assert.match(identified.detail, /^the [A-Za-z0-9 -]{1,60}$/);
        assert.equal(provider.challenge?.(huge, SECRET) ?? null, null);
        assert.equal(provider.unsigned?.(huge) ?? null, null);
        assert.equal(provider.verify(huge, [OTHER], NOW).verified, false);
        assert.equal(provider.verify(huge, [SECRET], NOW).verified, provider.bearerHeaders.length > 0);
      }
    });
  it('is what its options make of it, and the same one as long as they are the same', () => {
    const made = providerOf({ provider: 'generic', options: header });
    assert.equal(made?.proofHeaders[0], 'X-Signature');
    assert.equal(providerOf({ provider: 'generic', options: header }), made);
    const other = providerOf({ provider: 'generic', options: { ...header } });
    assert.notEqual(other, made);
    assert.equal(providers.get('generic')?.proofHeaders[0], 'X-Webhook-Signature');
  });

  it('is none with options that are not for it: they are never left aside', () => {
    for (const options of [header, {}]) assert.equal(providerOf({ provider: 'github', options }), undefined);
    for (const options of [{ headre: 'X' }, { header: 5 }, 'X-Signature', 5, true, []])
      assert.equal(providerOf({ provider: 'generic', options }), undefined, JSON.stringify(options));
  });

  it('is made by the provider that is named, where two sources share one map of options', () => {
    const madeBy = (name: string): Pick<Provider, 'name' | 'configurable'> => ({
      name,
      configurable: {
        schema: z.looseObject({}),
        with: () => ({ ...(providers.get('generic') as Provider), name: `made by ${name}` }),
      },
    });
    const known = new Map([madeBy('one'), madeBy('two')].map(one => [one.name, one]));
    const names = ['one', 'two', 'one'].map(
      provider => providerOf({ provider, options: header }, known)?.name,
    );
    assert.deepEqual(names, ['made by one', 'made by two', 'made by one']);
  });
});

/** One without an id of its events gives them none. */
const asTested = ({ configurable, ...provider }: Provider): Provider =>
  configurable === undefined ? provider : configurable.with({ id: 'X-Event-Id' });

for (const provider of providers.values()) testEveryProvider(asTested(provider));
