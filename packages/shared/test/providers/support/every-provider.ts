import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { mediaType } from '../../../src/headers.ts';
import type { Provider, ReceivedRequest } from '../../../src/provider.ts';
import {
  assertStorable,
  dedupKeysOf,
  keysOf,
  NOW,
  post,
  repeatableRandom,
  signedBody,
  signedSample,
  URL_CALLED,
  withBody,
} from './requests.ts';

/** All that every provider has to do, whatever proves its requests. */
export function testEveryProvider(provider: Provider, name = provider.name): void {
  const [{ secret: SECRET, signingKey: SIGNING_KEY }, { secret: OTHER }] = keysOf(provider);
  describe(`${name}, as every provider`, () => {
    it('accepts its own samples under the first and the second secret, and under no other', () => {
      for (let sequence = 0; sequence < 10; sequence += 1) {
        const request = signedSample(provider, SIGNING_KEY, sequence);
        assert.deepEqual(provider.verify(request, [SECRET], NOW), { verified: true, secretIndex: 0 });
        assert.deepEqual(provider.verify(request, [OTHER, SECRET], NOW), {
          verified: true,
          secretIndex: 1,
        });
        assert.equal(provider.verify(request, [OTHER], NOW).verified, false);
        assert.equal(provider.verify(request, [''], NOW).verified, false);
      }
    });

    it('sends samples of a content type that it takes, and names its headers in lower case', () => {
      assert.ok(provider.contentTypes.includes(mediaType(signedSample(provider, SIGNING_KEY).headers) ?? ''));
      for (const text of [...provider.contentTypes, ...provider.bearerHeaders])
        assert.equal(text, text.toLowerCase());
    });

    it('is not proven without the header that it names, and with nothing else missing', () => {
      const request = signedSample(provider, SIGNING_KEY);
      const headers = request.headers.filter(([name]) => name !== provider.proofHeaders[0]);
      assert.equal(headers.length, request.headers.length - 1);
      assert.deepEqual(provider.verify({ ...request, headers }, [SECRET], NOW), {
        verified: false,
        reason: 'missing_signature',
      });
    });

    it('makes every sample a new event, also of the same sequence at another time, and repeats the same one', () => {
      const keysAt = (sequence: number, now: number) =>
        dedupKeysOf(provider, signedSample(provider, SIGNING_KEY, sequence, now));
      const keys: (string | null)[] = [];
      for (let sequence = 0; sequence < 200; sequence += 1)
        keys.push(...keysAt(sequence, NOW), ...keysAt(sequence, NOW + 1));
      assert.ok(!keys.includes(null));
      assert.equal(new Set(keys).size, 400 * keysAt(0, NOW).length);
      assert.deepEqual(keysAt(3, NOW), keysAt(3, NOW));
    });

    it('signs a given body as it is, for a content type that it takes, and no other body by that', () => {
      const given = Buffer.concat([signedSample(provider, SIGNING_KEY, 7).body, Buffer.from(' \n')]);
      const request = signedBody(provider, SIGNING_KEY, given);
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
        assert.ok([200, 204].includes(provider.answer(request).status));
      }
    });

    it('survives a body of 5 MB of anything', () => {
      const request = signedSample(provider, SIGNING_KEY);
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
  });
}

/** Random bytes, and the provider's own sample cut, spliced and seeded with hostile names; the same row for the same seed. */
function* hostileRequests(provider: Provider, seed: number): Generator<ReceivedRequest> {
  const random = repeatableRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const signed = signedSample(provider, keysOf(provider)[0].signingKey);
  const sample = Buffer.from(signed.body);
  const odd = [
    '',
    '\u0000',
    '__proto__',
    '{"__proto__":{"id":1}}',
    '%00',
    '%',
    '\ud800',
    '1e999',
    '-9007199254740993',
    '[[[[',
    '&&==',
    'null',
    '"\\ud800"',
    '👋',
    'x'.repeat(300),
  ];
  const bytes = () =>
    Buffer.from(Array.from({ length: Math.floor(random() * 80) }, () => Math.floor(random() * 256)));
  const spliced = () => {
    const at = Math.floor(random() * sample.length);
    const cut = Math.floor(random() * 12);
    return Buffer.concat([sample.subarray(0, at), Buffer.from(pick(odd)), sample.subarray(at + cut)]);
  };
  const values = [
    ...odd,
    'A'.repeat(27) + '=',
    'A'.repeat(43) + '=',
    'application/json',
    'application/x-www-form-urlencoded',
    'secret:0',
  ];
  const urls = [
    URL_CALLED,
    '',
    'https://[',
    `${URL_CALLED}?bodySHA256=${'0'.repeat(64)}`,
    'x:y',
    `${URL_CALLED}?%`,
    '\ud800://\u0000',
    `${URL_CALLED}?a=\ud800`,
  ];
  for (let round = 0; round < 500; round += 1) {
    const headers = Array.from({ length: Math.floor(random() * 5) }, (): [string, string] => [
      pick([...signed.headers.map(([name]) => name), '__proto__', '']),
      pick(values),
    ]);
    yield post(headers, random() < 0.3 ? bytes() : spliced(), pick(urls));
  }
}
