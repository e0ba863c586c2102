// Kafka by TLS, with logins and certificates: one broker for all of it.
import assert from 'node:assert/strict';
import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { createKafkaSender } from '@ackline/eventlog/kafka-sender';
import { openTopic } from '@ackline/eventlog/kafka-topic';
import { createWatermarks } from '@ackline/eventlog/watermarks';
import { parseEnvironment } from '@ackline/runtime/environment';
import { checkKafka, kafkaFields, kafkaSettings } from '@ackline/runtime/kafka-environment';
import { AppError } from '@ackline/shared/app-error';
import { EVENTS_TOPIC } from '@ackline/shared/events-topic';
import { providers } from '@ackline/shared/providers/registry';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { startFakeReceiver } from '@ackline/testkit/fake-receiver';
import { PLAIN_USER, type SecuredKafka, startSecuredKafka } from '@ackline/testkit/secured-kafka';
import { waitFor } from '@ackline/testkit/wait-for';
import { z } from 'zod';
import { openDoctorFolder, parseReport } from '../doctor/run-doctor.ts';
import { type Gateway, type GatewayOptions, startGateway } from './gateway.ts';
import { configFor, pathOf, post, SECRETS, signed } from './requests.ts';

const LIMIT = { timeout: 420_000 };
const SLOW = { timeoutMs: 120_000 };
/** Sooner than the tier looks at its topic by itself, each minute. */
const SOON = { timeoutMs: 30_000 };
const [RIGHT, WRONG, OTHER] = ['right-password', 'wrong-password', 'other-password'];
const PARTNERS_TOPIC = 'of-a-partner';
const schema = z.object(kafkaFields).superRefine(checkKafka);

describe('Kafka by TLS', LIMIT, () => {
  let kafka: SecuredKafka;
  let login: Readonly<Record<string, string>>;
  let mutual: Readonly<Record<string, string>>;

  before(async () => {
    kafka = await startSecuredKafka();
    await kafka.setPassword('ackline', RIGHT);
    for (const topic of [EVENTS_TOPIC, PARTNERS_TOPIC])
      await openTopic({
        brokers: [kafka.open.brokers],
        topic,
        durability: 'single-node',
        deadlineMs: 60_000,
      });
    const common = { KAFKA_DURABILITY: 'single-node', KAFKA_TLS_CA_FILE: kafka.files.ca };
    login = {
      ...common,
      KAFKA_BROKERS: kafka.login,
      KAFKA_SASL_MECHANISM: 'scram-sha-512',
      KAFKA_SASL_USERNAME: 'ackline',
      KAFKA_SASL_PASSWORD: RIGHT,
    };
    mutual = {
      ...common,
      KAFKA_BROKERS: kafka.mutual,
      KAFKA_TLS_CERT_FILE: kafka.files.cert,
      KAFKA_TLS_KEY_FILE: kafka.files.key,
    };
  });
  after(() => kafka[Symbol.asyncDispose]());

  /** "opened", or the code of what it fails with. */
  async function open(env: Readonly<Record<string, string>>, topic = EVENTS_TOPIC): Promise<string> {
    const settings = kafkaSettings(parseEnvironment(schema, env)) ?? assert.fail();
    try {
      await openTopic({ ...settings, topic, create: false, deadlineMs: 30_000 });
      return 'opened';
    } catch (error) {
      assert.ok(error instanceof AppError, String(error));
      for (const password of [RIGHT, WRONG, PLAIN_USER.password])
        assert.ok(!error.message.includes(password));
      assert.doesNotMatch(error.message, /\n/);
      return error.code;
    }
  }

  it('is opened by each way that there is to show who one is', async () => {
    assert.equal(await open(login), 'opened');
    assert.equal(await open({ ...login, KAFKA_SASL_MECHANISM: 'scram-sha-256' }), 'opened');
    const { username, password } = PLAIN_USER;
    const plain = {
      KAFKA_SASL_MECHANISM: 'plain',
      KAFKA_SASL_USERNAME: username,
      KAFKA_SASL_PASSWORD: password,
    };
    assert.equal(await open({ ...login, ...plain }), 'opened');
    assert.equal(await open(mutual), 'opened');
  });

  it('names a login that the broker refuses, by each mechanism, however often it is tried', async () => {
    const refused = 'ACKLINE_KAFKA_LOGIN_REFUSED';
    for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512', 'scram-sha-512', 'scram-sha-512']) {
      const wrong = { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_PASSWORD: WRONG };
      assert.equal(await open({ ...login, ...wrong }), refused, mechanism);
    }
    const inTheClear = { KAFKA_TLS: 'false', KAFKA_TLS_CA_FILE: '' };
    assert.equal(
      await open({ ...login, ...inTheClear, KAFKA_BROKERS: kafka.open.brokers }),
      refused,
      'no logins',
    );
  });

  it('names a certificate that one of both sides does not take, and TLS that only one of them speaks', async () => {
    const { ca, strangeCa, strangeCert, strangeKey } = kafka.files;
    const strange = { KAFKA_TLS_CERT_FILE: strangeCert, KAFKA_TLS_KEY_FILE: strangeKey };
    const none = { KAFKA_TLS_CERT_FILE: '', KAFKA_TLS_KEY_FILE: '' };
    const cases: readonly (readonly [what: string, env: Readonly<Record<string, string>>])[] = [
      ['a broker of a strange authority', { ...login, KAFKA_TLS_CA_FILE: strangeCa }],
      ['a broker of an authority that only the system could know', { ...login, KAFKA_TLS_CA_FILE: '' }],
      [
        'a name that is not in it',
        { ...login, KAFKA_BROKERS: kafka.login.replace('localhost', '127.0.0.1') },
      ],
      ["Ackline's own, of a strange authority", { ...mutual, ...strange }],
      ['none of its own', { ...mutual, ...none }],
      ['a listener that wants TLS', { KAFKA_BROKERS: kafka.mutual }],
      ['a listener without TLS', { KAFKA_TLS_CA_FILE: ca, KAFKA_BROKERS: kafka.open.brokers }],
    ];
    for (const [what, env] of cases) assert.equal(await open(env), 'ACKLINE_KAFKA_TLS_FAILED', what);
  });

  it('is examined by the doctor, who names each of them', async () => {
    await using folder = await openDoctorFolder();
    await folder.write('ackline.yaml', configFor('http://127.0.0.1:9'));
    const look = async (env: Readonly<Record<string, string>>) => {
      const ran = await folder.run({ ...SECRETS, ...env }, '--json');
      for (const password of [RIGHT, WRONG]) assert.ok(!ran.out.includes(password));
      return parseReport(ran).findings.flatMap(({ id }) => (id.startsWith('kafka') ? [id] : []));
    };
    assert.deepEqual(await look(login), []);
    assert.deepEqual(await look({ ...login, KAFKA_SASL_PASSWORD: WRONG }), ['kafka-login-refused']);
    const strangeCa = { KAFKA_TLS_CA_FILE: kafka.files.strangeCa };
    assert.deepEqual(await look({ ...login, ...strangeCa }), ['kafka-tls-failed']);
  });

  it('checks certificates whatever a variable of Node’s says', async t => {
    const name = 'NODE_TLS_REJECT_UNAUTHORIZED';
    const before = process.env[name];
    t.after(() => (before === undefined ? delete process.env[name] : (process.env[name] = before)));
    process.env[name] = '0';
    assert.equal(
      await open({ ...login, KAFKA_TLS_CA_FILE: kafka.files.strangeCa }),
      'ACKLINE_KAFKA_TLS_FAILED',
    );
  });

  it('needs the rights that docs/kafka.md lists to append, and names a topic that is not the user’s', async () => {
    await kafka.allow('another', 'of-another', ['ALL']);
    await waitFor(async () => (await open(login, 'of-another')) === 'ACKLINE_KAFKA_NOT_ALLOWED', SLOW);
    await kafka.allow('ackline', PARTNERS_TOPIC, ['WRITE']);
    await waitFor(async () => (await open(login, PARTNERS_TOPIC)) === 'ACKLINE_KAFKA_NOT_ALLOWED', SLOW);
    await kafka.allow('ackline', PARTNERS_TOPIC, ['DESCRIBE_CONFIGS']);
    await waitFor(async () => (await open(login, PARTNERS_TOPIC)) === 'opened', SLOW);
    await kafka.allow('CN=ackline', PARTNERS_TOPIC, ['WRITE']);
  });

  it('takes records of destinations by the look-up that all share, and names what keeps it from that', async () => {
    const asked = new Set<string>();
    const shared: LookupFunction = (name, options, answer) => {
      asked.add(name);
      lookup(name, options, answer);
    };
    const send = async (env: Readonly<Record<string, string>>) => {
      const { brokers, security } = kafkaSettings(parseEnvironment(schema, env)) ?? assert.fail();
      const sender = createKafkaSender({
        brokers,
        security,
        topic: PARTNERS_TOPIC,
        timeoutMs: 30_000,
        lookup: shared,
      });
      const record = { key: null, value: Buffer.from('{}'), headers: [] };
      const sent = await sender.send(record, AbortSignal.timeout(60_000));
      await sender.close();
      return sent;
    };
    await waitFor(async () => (await send(login)).kind === 'acked', SLOW);
    assert.deepEqual(await send(mutual), { kind: 'acked' });
    assert.deepEqual([...asked], ['localhost']);
    const failed = (code: string) => ({ kind: 'failed', code });
    assert.deepEqual(
      await send({ ...login, KAFKA_SASL_PASSWORD: WRONG }),
      failed('ACKLINE_KAFKA_LOGIN_REFUSED'),
    );
    const strangeCa = { KAFKA_TLS_CA_FILE: kafka.files.strangeCa };
    assert.deepEqual(await send({ ...login, ...strangeCa }), failed('ACKLINE_KAFKA_TLS_FAILED'));
    const nobody = { KAFKA_TLS_CERT_FILE: '', KAFKA_TLS_KEY_FILE: '' };
    assert.deepEqual(await send({ ...mutual, ...nobody }), failed('ACKLINE_KAFKA_TLS_FAILED'));
  });

  /** Records of the partner's topic. */
  async function partnersRecords(): Promise<bigint> {
    const topic = { name: PARTNERS_TOPIC, partitions: 12 };
    const watermarks = createWatermarks({ brokers: [kafka.open.brokers], topic });
    const ends = await watermarks.highWatermarks(30_000);
    await watermarks.close();
    return ends.values().reduce((sum, end) => sum + end, 0n);
  }

  it('carries events by SCRAM on the one side and a certificate on the other, and to brokers of a destination', async () => {
    const partner = `
  - name: partner
    type: kafka
    topic: ${PARTNERS_TOPIC}
    brokers: ['${kafka.login}']
    tls: { caFile: '${kafka.files.ca}' }
    sasl: { mechanism: scram-sha-256, username: ackline, password: { env: PARTNERS_PASSWORD } }`;
    const options = {
      env: { ...login, PARTNERS_PASSWORD: RIGHT },
      processorEnv: { ...NO_LOGIN, ...mutual },
      destination: partner,
    };
    const before = await partnersRecords();
    await withGateway(options, async ({ gateway, send, untilDelivered }) => {
      await sendUntilKafka(gateway, send);
      await untilDelivered();
      assert.equal(await problemOf(gateway), null);
      await waitFor(async () => (await partnersRecords()) > before, SLOW);
    });
  });

  it('takes events without it while the password is wrong, says so, and uses it once the password is right', async () => {
    const late = { ...login, KAFKA_SASL_USERNAME: 'late', KAFKA_SASL_PASSWORD: RIGHT };
    const breaker = { CIRCUIT_BREAKER_THRESHOLD: '1', CIRCUIT_BREAKER_TIMEOUT: '1' };
    await kafka.setPassword('late', OTHER);
    const options = { env: { ...late, ...breaker }, awaitsProcessor: false };
    await withGateway(options, async ({ gateway, send, untilDelivered }) => {
      const untilProblem = (problem: string | null) =>
        waitFor(async () => (await problemOf(gateway)) === problem, {
          ...SOON,
          what: `${problem} in /health`,
        });
      await send(5);
      assert.equal(await gateway.appended('inbox'), 5);
      assert.equal(await problemOf(gateway), 'ACKLINE_KAFKA_LOGIN_REFUSED');
      await untilDelivered();

      await kafka.setPassword('late', RIGHT);
      await untilProblem(null);
      await sendUntilKafka(gateway, send);
      await untilDelivered();

      // It is changed while both run: connections stay, and the next one is refused.
      await kafka.setPassword('late', OTHER);
      await kafka.open.kill();
      await kafka.open.start();
      await send(1);
      await untilProblem('ACKLINE_KAFKA_LOGIN_REFUSED');
      await untilDelivered();
      await kafka.setPassword('late', RIGHT);
      await sendUntilKafka(gateway, send);
      await untilDelivered();

      const output = gateway.output();
      assert.match(output, /"code":"ACKLINE_KAFKA_LOGIN_REFUSED"/);
      for (const password of [RIGHT, OTHER]) assert.ok(!output.includes(password));
    });
  });
});

/** Empty counts as not set. */
const NO_LOGIN = { KAFKA_SASL_MECHANISM: '', KAFKA_SASL_USERNAME: '', KAFKA_SASL_PASSWORD: '' };

interface Stage {
  readonly gateway: Gateway;
  /** So many new events, each answered 200. */
  readonly send: (count: number) => Promise<void>;
  /** All of them, each once. */
  readonly untilDelivered: () => Promise<void>;
}

let sequence = 0;

async function withGateway(
  options: Pick<GatewayOptions, 'env' | 'processorEnv' | 'awaitsProcessor'> & {
    readonly destination?: string;
  },
  use: (stage: Stage) => Promise<void>,
): Promise<void> {
  const github = providers.get('github') ?? assert.fail();
  const database: TestDatabase = await createTestDatabase();
  try {
    await using receiver = await startFakeReceiver();
    await using gateway = await startGateway({
      ...options,
      databaseUrl: database.url,
      config: withDestination(configFor(receiver.url), options.destination),
      env: { ...SECRETS, ...options.env },
    });
    const sent: string[] = [];
    const send = async (count: number) => {
      for (let left = count; left > 0; left -= 1) {
        const sample = signed(github, sequence++);
        assert.equal(await post(gateway, pathOf('github'), sample), 200);
        sent.push(idIn(sample.headers));
      }
    };
    const untilDelivered = async () => {
      const arrived = () => receiver.requests.map(({ rawHeaders }) => idIn(rawHeaders));
      await waitFor(() => sent.every(id => arrived().includes(id)), SLOW);
      for (const id of sent) assert.equal(arrived().filter(other => other === id).length, 1);
    };
    await use({ gateway, send, untilDelivered });
  } finally {
    await database.close();
  }
}

/** A second one, that all events go to too. */
function withDestination(config: string, destination: string | undefined): string {
  if (destination === undefined) return config;
  const [name] = /(?<=name: )[a-z]+/.exec(destination) ?? assert.fail();
  return config
    .replace(/^destinations: \[(.*)\]$/m, `destinations:\n  - $1${destination}`)
    .replace(/^routes: \[(.*)\]$/m, `routes: [$1, { name: to-${name}, destination: ${name} }]`);
}

/** GitHub's own of an event. */
function idIn(headers: readonly (readonly [name: string, value: string])[]): string {
  return headers.find(([name]) => name.toLowerCase() === 'x-github-delivery')?.[1] ?? assert.fail();
}

async function sendUntilKafka(gateway: Gateway, send: Stage['send']): Promise<void> {
  const before = await gateway.appended('kafka');
  await waitFor(
    async () => {
      await send(1);
      return (await gateway.appended('kafka')) > before;
    },
    { ...SLOW, what: 'an event in Kafka' },
  );
}

async function problemOf({ url }: Gateway): Promise<string | null> {
  const health = (await (await fetch(`${url}/health`)).json()) as {
    readonly event_log: { readonly kafka_problem: string | null };
  };
  return health.event_log.kafka_problem;
}
