import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { newKeysOf } from '@ackline/shared/new-keys';
import type { KeyPair, Provider, SampleRequest } from '@ackline/shared/provider';
import { providers } from '@ackline/shared/providers/registry';
import { keyVariables } from '../../src/data-directory/dev-env.ts';
import { changeSamples } from '../../src/send/changed-samples.ts';
import { prepareSamples, type SampleSource } from '@ackline/runtime/samples/prepare-samples';
import { exampleConfig, source } from '../example-config.ts';

const NOW = 1_795_000_000_000;
const none = { ageMs: null, isTampered: false };
const tamper = { ageMs: null, isTampered: true };
const age = (ageMs: number) => ({ ageMs, isTampered: false });
const provider = (name: string) => providers.get(name) as Provider;

interface SamplesOptions {
  readonly body?: Uint8Array;
  readonly toleranceMs?: number | null;
  readonly secret?: string;
}

const made = new Map<string, KeyPair>();
/** The same for each call. */
function keysOf(provider: Provider) {
  const keys = made.get(provider.name) ?? newKeysOf(provider);
  made.set(provider.name, keys);
  return keys;
}

/** As it is compared: an ECDSA signature is another one each time. */
function compared(sample: SampleRequest): SampleRequest {
  const headers = sample.headers.filter(([name]) => name !== provider('sendgrid').proofHeaders[0]);
  return { ...sample, headers };
}

function samplesOf(provider: Provider, { body, toleranceMs, secret }: SamplesOptions = {}): SampleSource {
  const own = source({ provider: provider.name, toleranceMs: toleranceMs ?? provider.toleranceMs });
  const keys = keysOf(provider);
  return prepareSamples(own, {
    config: exampleConfig({ sources: [own] }),
    environment: { ...keyVariables('TOKEN', keys), ...(secret !== undefined && { TOKEN: secret }) },
    mode: 'development',
    baseUrl: 'http://127.0.0.1:8080',
    ...(body && { body }),
  });
}

/** How many bits of the body are other ones; the headers have to be the same. */
function changedBits(one: SampleRequest, other: SampleRequest): number {
  assert.deepEqual(compared(one).headers, compared(other).headers);
  assert.equal(one.body.length, other.body.length);
  return one.body.reduce((sum, byte, at) => {
    const bits = byte ^ (other.body[at] ?? 0);
    return sum + bits.toString(2).replaceAll('0', '').length;
  }, 0);
}

for (const each of providers.values()) {
  describe(`samples of ${each.name} that are changed`, () => {
    it('are to be accepted where nothing is', () => {
      const samples = samplesOf(each);
      const { sample, refusal } = changeSamples(samples, none, NOW);
      assert.equal(refusal, null);
      assert.deepEqual(compared(sample(3, NOW)), compared(samples.sample(3, NOW)));
    });

    const signsBody = each.bearerHeaders.length === 0;
    it(signsBody ? 'are refused once a bit of the body is another' : 'prove no body', () => {
      const samples = samplesOf(each);
      if (!signsBody) {
        assert.throws(() => changeSamples(samples, tamper, NOW), {
          code: 'ACKLINE_USAGE',
          message: `${each.name} signs no body: an altered one is accepted, and shows nothing`,
        });
        return;
      }
      const { sample, refusal } = changeSamples(samples, tamper, NOW);
      assert.equal(refusal, 'the body was altered after it was signed');
      for (let sequence = 0; sequence < 20; sequence += 1) {
        const verdict = samples.verify(sample(sequence, NOW), NOW);
        assert.ok(!verdict.verified, `sample ${sequence}`);
        assert.equal(changedBits(sample(sequence, NOW), samples.sample(sequence, NOW)), 1);
      }
    });

    // GitLab signs one with the newer kind of its secrets alone.
    const toleranceMs = each.name === 'gitlab' ? null : each.toleranceMs;
    it(toleranceMs === null ? 'have no age' : 'are refused once their time is out of the tolerance', () => {
      const samples = samplesOf(each);
      if (toleranceMs === null) {
        assert.throws(() => changeSamples(samples, age(1_000), NOW), {
          code: 'ACKLINE_USAGE',
          message: `${each.name} signs no time, so that it has no age`,
        });
        return;
      }
      const { sample, refusal } = changeSamples(samples, age(toleranceMs + 2_000), NOW);
      assert.match(refusal ?? '', /^the signed time was .* ago, which is out of the tolerance$/);
      assert.deepEqual(compared(sample(1, NOW)), compared(samples.sample(1, NOW - toleranceMs - 2_000)));
      assert.equal(changeSamples(samples, age(toleranceMs - 1_000), NOW).refusal, null);
    });
  });
}

for (const each of providers.values()) {
  const keys = each.makeKeys?.();
  if (keys === undefined) continue;
  it(`samples of ${each.name} by a signing key that is given are judged by its public half`, () => {
    const own = source({ provider: each.name, toleranceMs: each.toleranceMs });
    const samples = prepareSamples(own, {
      config: exampleConfig({ sources: [own] }),
      environment: {},
      mode: 'production',
      baseUrl: 'http://127.0.0.1:8080',
      secret: keys.signingKey,
    });
    assert.equal(samples.secret, keys.secret);
    assert.ok(samples.verify(samples.sample(0, NOW), NOW).verified);
    const old = age((each.toleranceMs ?? 0) + 2_000);
    assert.match(changeSamples(samples, old, NOW).refusal ?? '', /ago, which is out of the tolerance$/);
  });
}

describe('a sample that is changed', () => {
  it("is measured by the source's own tolerance", () => {
    const samples = samplesOf(provider('stripe'), { toleranceMs: 3_600_000 });
    assert.equal(changeSamples(samples, age(600_000), NOW).refusal, null);
    const narrow = samplesOf(provider('stripe'), { toleranceMs: 60_000 });
    assert.match(changeSamples(narrow, age(120_000), NOW).refusal ?? '', /was 2 min ago/);
  });

  it('has an age where the kind of its secret signs a time', () => {
    const samples = samplesOf(provider('gitlab'), {
      secret: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
    });
    assert.match(changeSamples(samples, age(600_000), NOW).refusal ?? '', /was 10 min ago/);
    assert.equal(changeSamples(samples, age(60_000), NOW).refusal, null);
  });

  it('is no other for an empty body than with one byte in it', () => {
    const samples = samplesOf(provider('github'), { body: Buffer.alloc(0) });
    const { sample, refusal } = changeSamples(samples, tamper, NOW);
    assert.equal(sample(0, NOW).body.length, 1);
    assert.notEqual(refusal, null);
  });

  it('has the age of its body where the time is in that', () => {
    const body = Buffer.from(`{"webhookTimestamp":${NOW - 1_200_000}}`);
    const samples = samplesOf(provider('linear'), { body });
    assert.equal(
      changeSamples(samples, none, NOW).refusal,
      'the signed time, which is in the body, is not now',
    );
    const fresh = samplesOf(provider('linear'), { body: Buffer.from(`{"webhookTimestamp":${NOW}}`) });
    assert.equal(changeSamples(fresh, none, NOW).refusal, null);
    for (const given of [samples, fresh])
      for (const ageMs of [5_000, 600_000])
        assert.throws(() => changeSamples(given, age(ageMs), NOW), {
          code: 'ACKLINE_USAGE',
          message: /^linear signs the time that is in the body, and a given body is sent as it is/,
        });
  });
});
