import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newKeysOf } from '@ackline/shared/new-keys';
import { providers } from '@ackline/shared/providers/registry';
import {
  prepareSamples,
  type SampleSource,
  type SampleTarget,
} from '@ackline/runtime/samples/prepare-samples';
import { pickSource } from '../../src/send/pick-source.ts';
import { keyVariables } from '../../src/data-directory/dev-env.ts';
import { exampleConfig, source } from '../example-config.ts';

const TOKEN = 'd'.repeat(32);
const twilio = source({ name: 'sms', provider: 'twilio', path: '/webhook/sms' });
const config = exampleConfig({ sources: [source(), twilio, source({ name: 'second' })] });

test("the provider's first source is taken, or the one that was named", () => {
  assert.equal(pickSource(config, 'telegram').name, 'telegram');
  assert.equal(pickSource(config, 'telegram', 'second').name, 'second');
});

test('what is no provider is taken for the name of a source', () => {
  assert.equal(pickSource(config, 'sms').provider, 'twilio');
  assert.equal(pickSource(config, 'sms', 'sms').name, 'sms');
  assert.throws(() => pickSource(config, 'sms', 'second'), { code: 'ACKLINE_USAGE' });
});

test('an unknown provider or source is named with what there is', () => {
  assert.throws(() => pickSource(config, 'telegramm'), {
    code: 'ACKLINE_USAGE',
    message: new RegExp(`providers: ${[...providers.keys()].join(', ')}; sources: telegram, sms, second$`),
  });
  assert.throws(() => pickSource(config, 'respondio'), { message: /it has: none/ });
  assert.throws(() => pickSource(config, 'twilio', 'nope'), { message: /it has: sms/ });
});

test('samples for a source of every provider are signed with its secret, or with the signing key beside it', () => {
  for (const [name, provider] of providers) {
    const sources = [source({ name: 'one', provider: name })];
    const keys = newKeysOf(provider);
    const samples = prepareSamples(pickSource(exampleConfig({ sources }), name), {
      config: { ...config, publicUrl: 'https://hooks.example.com' },
      environment: keyVariables('TOKEN', keys),
      mode: 'development',
      baseUrl: 'http://127.0.0.1:8080',
    });
    assert.equal(samples.secret, keys.secret);
    const now = 1_700_000_000_000;
    const url = `https://hooks.example.com${new URL(samples.url).pathname}`;
    const request = { method: 'POST', url, ...samples.sample(1, now) };
    assert.ok(provider.verify(request, [keys.secret], now).verified, name);
  }
});

test('samples are what the options of their source say', () => {
  const options = { header: 'X-Signature', prefix: 'v1=', id: 'X-Id' };
  const shop = source({ name: 'shop', provider: 'generic', options });
  const target = {
    config,
    environment: { TOKEN },
    mode: 'development',
    baseUrl: 'http://127.0.0.1:8080',
  } as const;
  const { headers } = prepareSamples(shop, target).sample(1, 1_700_000_000_000);
  assert.deepEqual(
    headers.map(([name]) => name),
    ['Content-Type', 'X-Signature', 'X-Id'],
  );
  const wrong = source({ name: 'shop', provider: 'generic', options: { headre: 'X' } });
  assert.throws(() => prepareSamples(wrong, target), { code: 'ACKLINE_USAGE' });
});

const discord = source({ name: 'bot', provider: 'discord', secrets: [{ env: 'OURS' }, { env: 'MADE' }] });
const keys = providers.get('discord')?.makeKeys?.();
const others = providers.get('discord')?.makeKeys?.();
const target = { config, mode: 'development', baseUrl: 'http://127.0.0.1:8080' } as const;

function proofOf(source: SampleSource): string {
  const { headers } = source.sample(0, 1_700_000_000_000);
  return headers.find(([name]) => name === source.provider.proofHeaders[0])?.[1] ?? '';
}

test('of several public keys the one is taken that there is a signing key for', () => {
  assert.ok(keys && others);
  const environment = { OURS: others.secret, MADE: keys.secret, MADE_SIGNING_KEY: keys.signingKey };
  assert.equal(prepareSamples(discord, { ...target, environment }).secret, keys.secret);
});

test('a public key alone, or with the signing key of another, is refused with what signs and what to do', () => {
  assert.ok(keys && others);
  for (const environment of [
    { OURS: keys.secret },
    { OURS: keys.secret, OURS_SIGNING_KEY: keys.secret },
    { OURS: keys.secret, OURS_SIGNING_KEY: others.signingKey },
    { OURS: keys.secret, MADE_SIGNING_KEY: keys.signingKey },
  ])
    assert.throws(() => prepareSamples(discord, { ...target, environment }), {
      code: 'ACKLINE_SIGNING_KEY_MISSING',
      message: /^discord signs with a key that only discord has: the source bot has its public key here/,
    });
  assert.throws(() => prepareSamples(discord, { ...target, environment: {} }), {
    code: 'ACKLINE_SECRET_MISSING',
  });
});

test('given instead of a secret, a signing key signs, and a public key is refused', () => {
  assert.ok(keys);
  const given = (secret: string) => prepareSamples(discord, { ...target, environment: {}, secret });
  assert.match(proofOf(given(keys.signingKey)), /^[0-9a-f]{128}$/);
  assert.throws(() => given(keys.secret), {
    code: 'ACKLINE_USAGE',
    message: /public key, and signs nothing$/,
  });
  assert.throws(() => given('seed_x'), {
    code: 'ACKLINE_USAGE',
    message: /none of discord: it must be the public/,
  });
});

test('a sender that signs by either kind of key is tried out with either', () => {
  const either = source({ name: 'any', provider: 'standard-webhooks', secrets: [{ env: 'KEY' }] });
  const pair = providers.get('standard-webhooks')?.makeKeys?.();
  assert.ok(pair);
  const proofBy = (environment: Record<string, string>) =>
    proofOf(prepareSamples(either, { ...target, environment }));
  assert.match(proofBy({ KEY: `whsec_${Buffer.alloc(32, 7).toString('base64')}` }), /^v1,/);
  assert.match(proofBy({ KEY: pair.secret, KEY_SIGNING_KEY: pair.signingKey }), /^v1a,/);
  assert.throws(() => proofBy({ KEY: pair.secret }), { code: 'ACKLINE_SIGNING_KEY_MISSING' });
});

function isVerified(publicUrl: string | null, calledUrl: string): boolean {
  const target: SampleTarget = {
    config: { ...config, publicUrl },
    environment: { TOKEN },
    mode: 'development',
    baseUrl: 'http://127.0.0.1:8080',
  };
  const samples = prepareSamples(twilio, target);
  assert.equal(samples.url, 'http://127.0.0.1:8080/webhook/sms');
  const request = { method: 'POST', url: calledUrl, ...samples.sample(1, 1_700_000_000_000) };
  return providers.get('twilio')?.verify(request, [TOKEN], 1_700_000_000_000).verified === true;
}

test('the signed URL is the declared one, else the one that is called', () => {
  assert.ok(isVerified('https://hooks.example.com', 'https://hooks.example.com/webhook/sms'));
  assert.ok(isVerified(null, 'http://127.0.0.1:8080/webhook/sms'));
  assert.ok(!isVerified(null, 'http://127.0.0.1:8081/webhook/sms'));
});

test('a source without a secret here is refused by the name of the variable, in development with the restart that makes it up', () => {
  const target = { config, environment: {}, baseUrl: 'http://127.0.0.1:8080' };
  const refusal = { code: 'ACKLINE_SECRET_MISSING', message: 'environment variable TOKEN is not set' };
  assert.throws(() => prepareSamples(twilio, { ...target, mode: 'production' }), refusal);
  assert.throws(() => prepareSamples(twilio, { ...target, mode: 'development' }), {
    code: 'ACKLINE_SECRET_MISSING',
    message: /TOKEN is not set: restart `npm start`/,
  });
});
