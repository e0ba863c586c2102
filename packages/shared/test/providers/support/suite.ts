import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';

import fc from 'fast-check';

import { oddBodies } from './odd-bodies.ts';
import { NOW, signedBody, signedSample, withBody, withHeader } from './requests.ts';
import {
  exampleOf,
  flipped,
  FUZZ_RUNS,
  headerOf,
  jsonOf,
  type SignedProvider,
  type Suite,
} from './signed-provider.ts';
import { testFuzz, testOddBody } from './suite-bodies.ts';

let allCases = 0;
after(() => process.stdout.write(`# all signed providers: ${allCases} verdicts\n`));

/** All that every signed provider has to refuse and to take; prints how many verdicts were asked for. */
export function testSignedProvider(signed: SignedProvider): void {
  const { provider, name = provider.name } = signed;
  let cases = 0;
  const signingKey = (secret: string) => signed.signingKeys?.get(secret) ?? secret;
  const sign: SignedProvider['sign'] = (body, { secret, at }) =>
    signed.sign(body, { secret: signingKey(secret), at });
  const suite: Suite = {
    altered: 'wrong_signature',
    oddBodies,
    content: fc.uint8Array({ minLength: 1, maxLength: 200 }),
    ...signed,
    sign,
    signingKey: signingKey(signed.secret),
    example: sign(Buffer.from(exampleOf(signed)), { secret: signed.secret, at: NOW }),
    verdict(request, secrets = [signed.secret], now = NOW) {
      cases += 1;
      allCases += 1;
      return provider.verify(request, secrets, now);
    },
    refused(request, reasons, secrets) {
      const verdict = suite.verdict(request, secrets);
      const reason = verdict.verified ? 'verified' : verdict.reason;
      assert.ok(reasons.includes(reason), `${reason}, and not ${reasons.join(' or ')}`);
    },
  };
  describe(`${name}, as every signed provider`, () => {
    after(() => process.stdout.write(`# ${name}: ${cases} verdicts\n`));
    testSdk(suite);
    testGivenBodies(suite);
    testSecrets(suite);
    testTampering(suite);
    testProofHeaders(suite);
    testTime(suite);
    for (const body of suite.oddBodies) testOddBody(suite, body);
    testFuzz(suite);
  });
}

function testSdk({ sdk, provider, secret, signingKey, bodies, sign, verdict }: Suite): void {
  it('takes what it sends, and names the secret', () => {
    for (const [name, body] of bodies)
      assert.deepEqual(
        verdict(sign(Buffer.from(body), { secret, at: NOW }), ['', secret]),
        { verified: true, secretIndex: 1 },
        name,
      );
  });
  if (sdk === null) return;
  const sdkSign = async (body: string, at: number) => {
    if (sdk.sign !== null) return await sdk.sign(body, { secret: signingKey, at });
    const request = sign(Buffer.from(body), { secret, at });
    assert.ok(await sdk.verifies(request, secret), body);
    return request;
  };
  const bodyOf = sdk.bodyOf ?? (text => text);
  const does = sdk.sign === null ? 'takes' : 'signed';
  it(`takes what ${sdk.name} ${does}`, async () => {
    const at = Date.now();
    for (const [name, body] of bodies)
      assert.ok(verdict(await sdkSign(body, at), [secret], at).verified, name);
  });

  it(`takes what ${sdk.name} ${does}, whatever text it is`, async () => {
    const texts = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(texts, async text => {
        const at = Date.now();
        assert.ok(verdict(await sdkSign(bodyOf(text.toWellFormed()), at), [secret], at).verified);
      }),
      { numRuns: sdk.runs ?? FUZZ_RUNS },
    );
  });

  it(`makes samples that ${sdk.name} takes, and that it refuses with one byte altered`, async () => {
    for (let sequence = 0; sequence < 20; sequence += 1) {
      const sample = signedSample(provider, signingKey, sequence, Date.now());
      assert.ok(await sdk.verifies(sample, secret), `sample ${sequence}`);
      assert.ok(!(await sdk.verifies(withBody(sample, flipped(sample.body, 1)), secret)));
    }
  });
}

/** What `ackline send --body` sends. A time that is signed within the body is in the given one. */
function testGivenBodies(suite: Suite): void {
  const { sdk, provider, secret, signingKey, bodies, altered, content, sign, verdict, refused } = suite;
  const given = (body: Uint8Array, at = NOW) =>
    signedBody(provider, signingKey, sign(body, { secret, at }).body, at);

  it('signs any bytes that it is given for a sample, and leaves them as they are', () => {
    fc.assert(
      fc.property(content, bytes => {
        const body = sign(bytes, { secret, at: NOW }).body;
        const sample = given(bytes);
        assert.deepEqual(Buffer.from(sample.body), Buffer.from(body));
        assert.ok(verdict(sample).verified);
        refused(withBody(sample, Buffer.concat([body, Buffer.from(' ')])), [altered]);
      }),
      { numRuns: FUZZ_RUNS },
    );
  });
  if (sdk === null) return;
  it(`makes a sample of a given body that ${sdk.name} takes`, async () => {
    const sample = given(Buffer.from(exampleOf({ bodies })), Date.now());
    assert.ok(await sdk.verifies(sample, secret));
  });
}

function testSecrets({ example, secret, otherSecret, signingKeys, sign, verdict, refused }: Suite): void {
  it('refuses a wrong secret, none, an empty one, and what is signed with the empty one', () => {
    refused(example, ['wrong_signature'], [otherSecret]);
    refused(example, ['wrong_signature'], [secret.slice(0, -4)]);
    refused(example, ['no_secret'], []);
    refused(example, ['no_secret'], ['', '']);
    if (signingKeys !== undefined) return; // no key is empty
    const forged = sign(example.body, { secret: '', at: NOW });
    refused(forged, ['no_secret'], ['']);
    refused(forged, ['wrong_signature', 'malformed_signature'], ['', secret]);
  });

  it('takes the second of two secrets while one is rotated, and neither once it is out', () => {
    const rotated = sign(example.body, { secret: otherSecret, at: NOW });
    assert.deepEqual(verdict(example, [otherSecret, secret]), { verified: true, secretIndex: 1 });
    assert.deepEqual(verdict(rotated, [otherSecret, secret]), { verified: true, secretIndex: 0 });
    refused(example, ['wrong_signature'], [otherSecret]);
    refused(rotated, ['wrong_signature'], [secret]);
  });
}

function testTampering({ example, altered, refused }: Suite): void {
  const does = altered === 'verified' ? 'has no proof against' : 'refuses';
  it(`${does} one altered bit anywhere in the body, one byte more and one less`, () => {
    for (let index = 0; index < example.body.length; index += 1)
      refused(withBody(example, flipped(example.body, index)), [altered]);
    const bodies = [
      example.body.subarray(1),
      example.body.subarray(0, -1),
      Buffer.concat([example.body, Buffer.from('\n')]),
      Buffer.concat([Buffer.from(' '), example.body]),
      Buffer.from([]),
    ];
    for (const body of bodies) refused(withBody(example, body), [altered]);
  });

  const json = jsonOf(example);
  if (json === null) return;
  it(`${does} the same JSON written another way`, () => {
    for (const text of [JSON.stringify(json.value, null, 1), `${JSON.stringify(json.value)} `])
      refused(withBody(example, Buffer.from(text)), [altered]);
  });
}

function testProofHeaders({
  example,
  proofHeaders,
  sign,
  secret,
  otherSecret,
  altered,
  refused,
  verdict,
}: Suite): void {
  const values = proofHeaders.map(name => [name, headerOf(example, name)] as const);
  const wrong = ['malformed_signature', 'wrong_signature', 'timestamp_out_of_tolerance'];
  for (const [name, value] of values) {
    it(`refuses ${name} missing, empty, cut short anywhere, or longer`, () => {
      refused(withHeader(example, name, null), ['missing_signature']);
      for (let length = 0; length < value.length; length += 1)
        refused(withHeader(example, name, value.slice(0, length)), wrong);
      for (const longer of [`${value}A`, `A${value}`, `${value}=`, `${value}${value}`, `${value}\u0000`])
        refused(withHeader(example, name, longer), wrong);
    });

    it(`refuses ${name} twice, be the copies the same or not`, () => {
      for (const second of [value, `${value}0`, '', 'x']) {
        refused({ ...example, headers: [...example.headers, [name, second]] }, ['duplicate_signature']);
        refused({ ...example, headers: [[name.toUpperCase(), second], ...example.headers] }, [
          'duplicate_signature',
        ]);
      }
    });

    it(`reads the name ${name} in any case`, () => {
      const upper = withHeader(example, name, null);
      const request = { ...upper, headers: [...upper.headers, [name.toUpperCase(), value] as const] };
      assert.ok(verdict(request).verified);
    });
  }

  it('refuses the signature in upper case, and that of another request', () => {
    const [[name, value]] = values as [[string, string]];
    refused(withHeader(example, name, value.toUpperCase()), wrong);
    const ofBody = headerOf(sign(Buffer.from('{}'), { secret, at: NOW }), name);
    refused(withHeader(example, name, ofBody), [altered === 'verified' ? altered : 'wrong_signature']);
    const ofSecret = headerOf(sign(example.body, { secret: otherSecret, at: NOW }), name);
    refused(withHeader(example, name, ofSecret), ['wrong_signature']);
  });
}

function testTime({ provider, signsNoTime, example, secret, sign, verdict }: Suite): void {
  const toleranceMs = signsNoTime === true ? null : provider.toleranceMs;
  const verdictAt = (at: number) => verdict(sign(example.body, { secret, at }));
  if (toleranceMs === null) {
    it('signs no time, so an old request and a new one are the same', () => {
      for (const at of [NOW - 86_400_000, NOW, NOW + 86_400_000]) assert.ok(verdictAt(at).verified);
    });
    return;
  }
  it('takes what was signed within the tolerance, and refuses what is older or from the future', () => {
    for (const at of [NOW - toleranceMs, NOW, NOW + toleranceMs]) assert.ok(verdictAt(at).verified);
    for (const byMs of [1_000, 86_400_000]) {
      const late = { verified: false, reason: 'timestamp_out_of_tolerance' };
      assert.deepEqual(verdictAt(NOW - toleranceMs - byMs), late);
      assert.deepEqual(verdictAt(NOW + toleranceMs + byMs), late);
    }
  });

  it('takes another tolerance of the source instead, both ways', () => {
    for (const otherMs of [10_000, 2 * toleranceMs]) {
      const isTaken = (at: number) => {
        const request = sign(example.body, { secret, at });
        return provider.verify(request, [secret], NOW, otherMs).verified;
      };
      for (const at of [NOW - otherMs, NOW + otherMs]) assert.ok(isTaken(at));
      for (const at of [NOW - otherMs - 1_000, NOW + otherMs + 1_000]) assert.ok(!isTaken(at));
    }
  });

  it('says of a stranger that the signature is wrong, and not the clock', () => {
    const stale = sign(example.body, { secret, at: NOW - 10 * toleranceMs });
    assert.deepEqual(verdict(withBody(stale, Buffer.from('{}'))), {
      verified: false,
      reason: 'wrong_signature',
    });
  });
}
