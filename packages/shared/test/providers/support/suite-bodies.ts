import assert from 'node:assert/strict';
import { it } from 'node:test';

import fc from 'fast-check';

import type { Provider, ReceivedRequest } from '../../../src/provider.ts';
import type { OddBody } from './odd-bodies.ts';
import { assertParts, assertStorable, NOW, post, withBody, withHeader } from './requests.ts';
import { flipped, FUZZ_RUNS, headerOf, jsonOf, type Suite } from './signed-provider.ts';

export function testOddBody(suite: Suite, odd: OddBody): void {
  const { provider, secret, altered, sign, verdict, refused, takesLists } = suite;
  const { name, body } = odd;
  if (suite.signsDecoded === true && odd.isUndecodable === true) {
    it(`refuses a body with ${name}, though a lenient decoder would make the signature fit`, () =>
      refused(sign(body, { secret, at: NOW }), ['wrong_signature']));
    return;
  }
  const isEvent = odd.isEvent || (takesLists === true && name === 'a list');
  it(`takes a signed body with ${name}, and ${isEvent ? 'names the event' : 'calls it malformed'}`, () => {
    const request = sign(body, { secret, at: NOW });
    assert.ok(verdict(request).verified);
    refused(withBody(request, flipped(request.body, request.body.length >> 1)), [altered]);
    const lossy = Buffer.from(Buffer.from(request.body).toString());
    if (!lossy.equals(request.body)) refused(withBody(request, lossy), [altered]);
    assert.equal(provider.identify(request).kind, isEvent ? 'event' : 'malformed');
    assertIdentified(provider, request);
  });
}

/** Its keys, and those of its parts, can be stored; what is malformed is told without a word of it. */
function assertIdentified(provider: Provider, request: ReceivedRequest): void {
  const identified = provider.identify(request);
  if (identified.kind === 'event') assertStorable(identified.identity);
  else assert.match(identified.detail, /^the [A-Za-z0-9 -]{1,60}$/);
  assertParts(provider, request.body);
}

export function testFuzz(suite: Suite): void {
  const { provider, example, secret, altered, content, proofHeaders, sign, verdict } = suite;

  const anyText = fc.string({ unit: 'binary', maxLength: 120 });
  const headers = fc.array(
    fc.tuple(
      fc.constantFrom(...proofHeaders, 'content-type', '__proto__', ''),
      fc.oneof(anyText, fc.constantFrom(...example.headers.map(([, value]) => value))),
    ),
    { maxLength: 6 },
  );
  const bodies = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constant(example.body));

  it('never throws and never accepts, whatever a stranger sends', () => {
    fc.assert(
      fc.property(headers, bodies, (pairs, body) => {
        const request = post(pairs, body);
        const { verified } = verdict(request, [secret, '', 'other']);
        // The example itself is in the pool.
        const isExample =
          (altered === 'verified' || Buffer.from(body).equals(example.body)) &&
          proofHeaders.every(isAsInExample(request));
        assert.ok(!verified || isExample);
      }),
      { numRuns: FUZZ_RUNS },
    );
  });
  const isAsInExample = (request: ReceivedRequest) => (name: string) =>
    request.headers.find(([other]) => other === name)?.[1] === headerOf(example, name);

  it('takes any signed bytes, and refuses them with any change', () => {
    const changes = fc.record({
      body: content,
      at: fc.nat(),
      bit: fc.integer({ min: 0, max: 7 }),
      header: fc.constantFrom(...proofHeaders),
      character: fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 1 }),
    });
    fc.assert(
      fc.property(changes, ({ body, at, bit, header, character }) => {
        const request = sign(body, { secret, at: NOW });
        assert.ok(verdict(request).verified);
        const other = withBody(request, flipped(request.body, at % request.body.length, 1 << bit));
        assert.equal(verdict(other).verified, altered === 'verified');
        const value = headerOf(request, header);
        const place = at % value.length;
        const changed = value.slice(0, place) + character + value.slice(place + 1);
        assert.equal(verdict(withHeader(request, header, changed)).verified, changed === value, changed);
      }),
      { numRuns: FUZZ_RUNS },
    );
  });

  it('gives only keys that can be stored, whatever a proven sender sends', () => {
    const json = jsonOf(example)?.value ?? {};
    const event: unknown = Array.isArray(json) ? json[0] : json;
    const names = Object.keys(event as object);
    const objects = fc.dictionary(fc.constantFrom(...names, 'type', 'id', '__proto__'), fc.jsonValue());
    const values = Array.isArray(json) ? fc.array(objects) : objects;
    const texts = fc.oneof(
      fc.json(),
      values.map(value => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(texts, headers, (body, pairs) => assertIdentified(provider, post(pairs, body))),
      { numRuns: FUZZ_RUNS },
    );
  });
}
