import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AppError } from '@ackline/shared/app-error';
import { makeCertificate } from '@ackline/testkit/made-certificates';
import { z } from 'zod';
import { parseEnvironment } from '../src/environment.ts';
import { checkKafka, kafkaFields, kafkaSettings } from '../src/kafka-environment.ts';

const schema = z.object(kafkaFields).superRefine(checkKafka);
const KAFKA_BROKERS = 'broker.test:9093';
const LOGIN = {
  KAFKA_BROKERS,
  KAFKA_SASL_MECHANISM: 'scram-sha-512',
  KAFKA_SASL_USERNAME: 'ackline',
  KAFKA_SASL_PASSWORD: 'hunter2',
};

const securityOf = (env: Readonly<Record<string, string>>) =>
  kafkaSettings(parseEnvironment(schema, env))?.security;

function problemsOf(env: Readonly<Record<string, string>>): readonly string[] {
  try {
    securityOf(env);
    return [];
  } catch (error) {
    assert.ok(error instanceof AppError && error.code === 'ACKLINE_ENVIRONMENT_INVALID');
    assert.ok(!error.message.includes('hunter2'));
    return error.message.replace('Environment: ', '').split('; ');
  }
}

describe('the way to Kafka by the environment', () => {
  let folder: string;
  const paths = { ca: '', cert: '', key: '', otherKey: '', garbage: '' };
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ackline-tls-'));
    const authority = makeCertificate({ name: 'CA', isAuthority: true });
    const [client, other] = [
      makeCertificate({ name: 'ackline', issuer: authority }),
      makeCertificate({ name: 'x' }),
    ];
    const pem = (made: typeof client) => String(made.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const texts = {
      ca: authority.pem,
      cert: client.pem,
      key: pem(client),
      otherKey: pem(other),
      garbage: 'none',
    };
    for (const name of Object.keys(paths) as (keyof typeof paths)[]) {
      paths[name] = join(folder, name);
      await writeFile(paths[name], texts[name]);
    }
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('is in the clear and without a login where nothing is said, and none without brokers', () => {
    assert.deepEqual(securityOf({ KAFKA_BROKERS }), { tls: null, sasl: null });
    assert.equal(kafkaSettings(parseEnvironment(schema, {})), null);
  });

  it('is TLS where that is said, or where anything of TLS or a login is', () => {
    const hasTls = (env: Readonly<Record<string, string>>) =>
      securityOf({ KAFKA_BROKERS, ...env })?.tls != null;
    assert.equal(hasTls({ KAFKA_TLS: 'true' }), true);
    assert.equal(hasTls({ KAFKA_TLS_CA_FILE: paths.ca }), true);
    assert.equal(hasTls(LOGIN), true);
    assert.equal(hasTls({ ...LOGIN, KAFKA_TLS: 'false' }), false);
    assert.equal(hasTls({ KAFKA_TLS: 'false' }), false);
  });

  it('has the login as it was given, and its password in no JSON', () => {
    const { sasl } = securityOf(LOGIN) ?? assert.fail();
    assert.deepEqual(
      [sasl?.mechanism, sasl?.username, sasl?.password()],
      ['scram-sha-512', 'ackline', 'hunter2'],
    );
    assert.ok(!JSON.stringify(securityOf(LOGIN)).includes('hunter2'));
  });

  it('knows whether a certificate of its own is shown', () => {
    const tls = { KAFKA_TLS_CERT_FILE: paths.cert, KAFKA_TLS_KEY_FILE: paths.key };
    assert.equal(securityOf({ KAFKA_BROKERS, ...tls })?.tls?.hasCertificate, true);
    assert.equal(securityOf(LOGIN)?.tls?.hasCertificate, false);
  });

  it('refuses what does not go together, and says what to set', () => {
    const { KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD } = LOGIN;
    assert.deepEqual(problemsOf({ KAFKA_SASL_MECHANISM }), [
      'KAFKA_SASL_USERNAME: must be set, since KAFKA_SASL_MECHANISM is',
      'KAFKA_SASL_PASSWORD: must be set, since KAFKA_SASL_MECHANISM is',
    ]);
    assert.deepEqual(problemsOf({ KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD }), [
      'KAFKA_SASL_MECHANISM: must be set, since KAFKA_SASL_USERNAME is',
      'KAFKA_SASL_MECHANISM: must be set, since KAFKA_SASL_PASSWORD is',
    ]);
    assert.deepEqual(problemsOf({ KAFKA_TLS_CERT_FILE: paths.cert }), [
      'KAFKA_TLS_KEY_FILE: must be set, since KAFKA_TLS_CERT_FILE is',
    ]);
    assert.deepEqual(problemsOf({ KAFKA_TLS_KEY_FILE: paths.key }), [
      'KAFKA_TLS_CERT_FILE: must be set, since KAFKA_TLS_KEY_FILE is',
    ]);
    assert.deepEqual(problemsOf({ KAFKA_TLS: 'false', KAFKA_TLS_CA_FILE: paths.ca }), [
      'KAFKA_TLS: must be true, or not be set, since KAFKA_TLS_CA_FILE is (it is "false")',
    ]);
    assert.match(
      String(problemsOf({ ...LOGIN, KAFKA_SASL_MECHANISM: 'oauthbearer' })),
      /must be one of plain, /,
    );
    assert.match(
      String(problemsOf({ ...LOGIN, KAFKA_SASL_PASSWORD: 'hunter2\n' })),
      /^KAFKA_SASL_PASSWORD: must be one line/,
    );
  });

  it('refuses files that can not be read, or are not what they should be', () => {
    const nowhere = join(folder, 'nowhere');
    assert.deepEqual(problemsOf({ KAFKA_TLS_CA_FILE: nowhere }), [
      `KAFKA_TLS_CA_FILE: does not exist (it is ${JSON.stringify(nowhere)})`,
    ]);
    assert.match(String(problemsOf({ KAFKA_TLS_CA_FILE: folder })), /^KAFKA_TLS_CA_FILE: is no file/);
    assert.match(
      String(problemsOf({ KAFKA_TLS_CA_FILE: paths.garbage })),
      /^KAFKA_TLS_CA_FILE: is no certificate in PEM/,
    );
    assert.match(
      String(problemsOf({ KAFKA_TLS_CERT_FILE: paths.key, KAFKA_TLS_KEY_FILE: paths.key })),
      /^KAFKA_TLS_CERT_FILE: is no certificate in PEM/,
    );
    for (const key of [paths.otherKey, paths.garbage])
      assert.match(
        String(problemsOf({ KAFKA_TLS_CERT_FILE: paths.cert, KAFKA_TLS_KEY_FILE: key })),
        /^KAFKA_TLS_KEY_FILE: is not the key of the certificate, in PEM and without a pass phrase/,
      );
  });
});
