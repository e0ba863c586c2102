import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newKeys } from '@ackline/shared/new-keys';
import { providers } from '@ackline/shared/providers/registry';
import { keyVariables, namedSecrets, overDevEnv } from '../../src/data-directory/dev-env.ts';
import { destination, exampleConfig, source } from '../example-config.ts';

const config = exampleConfig({
  sources: [
    source({ secrets: [{ env: 'TELEGRAM' }, { file: '/run/token' }] }),
    source({ provider: 'twilio', secrets: [{ env: 'TWILIO' }] }),
    source({ provider: 'respondio', secrets: [{ env: 'RESPONDIO' }, { env: 'TWILIO' }] }),
  ],
  destinations: [destination({ signingSecret: { env: 'SIGNING' } })],
});

test('every secret that comes from the environment is found once, files are left alone', () => {
  assert.deepEqual([...namedSecrets(config).keys()], ['TELEGRAM', 'TWILIO', 'RESPONDIO', 'SIGNING']);
});

test('a generated secret has the form that its provider asks for', () => {
  const secrets = Object.fromEntries(
    [...namedSecrets(config)].map(([name, rules]) => [name, newKeys(rules)?.secret]),
  );
  assert.match(secrets['TELEGRAM'] ?? '', /^[A-Za-z0-9_-]{1,256}$/);
  assert.match(secrets['TWILIO'] ?? '', /^[0-9a-f]{32}$/);
  assert.match(secrets['SIGNING'] ?? '', /^whsec_[A-Za-z0-9+/]{43}=$/);
});

test('a variable has its secret, and beside a public key one what signs', () => {
  const bySigningKey = [...providers.values()].filter(provider => {
    const [rules] = namedSecrets(exampleConfig({ sources: [source({ provider: provider.name })] })).values();
    const keys = rules === undefined ? null : newKeys(rules);
    assert.ok(keys !== null, provider.name);
    const { TOKEN, TOKEN_SIGNING_KEY, ...others } = keyVariables('TOKEN', keys);
    assert.deepEqual([TOKEN, others], [keys.secret, {}]);
    return TOKEN_SIGNING_KEY !== undefined && TOKEN_SIGNING_KEY === keys.signingKey;
  });
  assert.deepEqual(
    bySigningKey.map(({ name }) => name),
    ['discord', 'paypal', 'sendgrid'],
  );
});

test('a verify token is generated as a secret is, since nobody here can know one', () => {
  const meta = exampleConfig({
    sources: [source({ secrets: [{ env: 'APP' }], verifyTokens: [{ env: 'VERIFY' }] })],
  });
  const named = namedSecrets(meta);
  assert.deepEqual([...named.keys()], ['APP', 'VERIFY']);
  const rules = named.get('VERIFY');
  assert.match((rules && newKeys(rules)?.secret) ?? '', /^[0-9a-f]{32}$/);
});

test('a variable that two providers read has no pair of one that the other would refuse', () => {
  const two = ['discord', 'sendgrid'].map(provider => source({ name: provider, provider }));
  const [named] = namedSecrets(exampleConfig({ sources: two })).values();
  assert.ok(named);
  assert.equal(named.providers.length, 2);
  assert.equal(newKeys(named), null);
});

test('a signing secret has to keep the rule that the services keep: 24 to 64 bytes', () => {
  const checks = namedSecrets(config).get('SIGNING')?.checks ?? [];
  const takes = (bytes: number) =>
    checks.every(check => check(`whsec_${Buffer.alloc(bytes, 7).toString('base64')}`) === true);
  assert.deepEqual([23, 24, 64, 65].map(takes), [false, true, true, false]);
});

test('the environment wins over generated values, an empty variable hides nothing', () => {
  assert.deepEqual(overDevEnv({ A: 'env', B: '' }, { A: 'file', B: 'file', C: 'file' }), {
    A: 'env',
    B: 'file',
    C: 'file',
  });
});
