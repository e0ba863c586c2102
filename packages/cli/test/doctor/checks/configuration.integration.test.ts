import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { configurationRows } from '../../../src/doctor/rows/configuration.ts';
import { environmentRows } from '../../../src/doctor/rows/environment.ts';
import { type DoctorFolder, openDoctorFolder, parseReport } from '../run-doctor.ts';

const GOOD = `publicUrl: https://hooks.acme.io
trustProxies: [10.0.0.0/8]
sources:
  - { name: tg, provider: telegram, path: /tg, secrets: [{ env: TG }], limit: { max: 30 } }
  - { name: rio, provider: respondio, path: /rio, secrets: [{ env: RIO }], limit: { max: 30 }, onUndurable: 200 }
routes:
  - { name: all, destination: bot }
destinations:
  - { name: bot, type: http, url: https://bot.acme.io/updates, signingSecret: { env: SIGN } }
`;
const TG = 'q7Hd0sLw2Zk9Xv4TnB6yRe1c';
const RIO = 'Pm3uJx8Gf5Aq0Ow7Ls2Di9Eb';
const ENVIRONMENT = {
  ACKLINE_ENV: 'production',
  TG,
  RIO,
  SIGN: `whsec_${Buffer.alloc(32, 'signs').toString('base64')}`,
  SPOOL_DIR: '/var/lib/ackline',
};

/** Nobody listens there, and it is none of the names that this machine alone has. */
const UNREACHED = { KAFKA_BROKERS: '127.0.0.2:1' };
const LOGIN = {
  KAFKA_SASL_MECHANISM: 'scram-sha-512',
  KAFKA_SASL_USERNAME: 'ackline',
  KAFKA_SASL_PASSWORD: 'hunter2',
};

interface Case {
  readonly id: string;
  /** What is changed in the good file. */
  readonly file?: readonly [from: string, to: string];
  readonly env?: Readonly<Record<string, string>>;
  /** Where it is found: its line in the file, or a word of its subject. */
  readonly at: number | string;
}

const SWITCH = 'limit: { max: 30 } }';
const CASES: readonly Case[] = [
  { id: 'config-invalid', file: ['path: /tg', 'path: tg'], at: 4 },
  { id: 'config-invalid', file: ['https://bot.acme.io/updates', 'http://127.0.0.1:8090/sample'], at: 9 },
  { id: 'secret-missing', env: { TG: '' }, at: 4 },
  { id: 'secret-weak', env: { TG: 'tr0ub4dor' }, at: 4 },
  { id: 'secret-weak', env: { TG: 'change-me-before-production-1' }, at: 4 },
  { id: 'secret-weak', env: { RIO: 'ababababababababababab' }, at: 5 },
  { id: 'secret-shared', env: { RIO: TG }, at: 5 },
  { id: 'public-url-missing', file: ['publicUrl: https://hooks.acme.io\n', ''], at: 3 },
  { id: 'public-url-insecure', file: ['https://hooks', 'http://hooks'], at: 1 },
  { id: 'public-url-private', file: ['hooks.acme.io', 'ingress.svc'], at: 1 },
  { id: 'public-url-private', file: ['hooks.acme.io', '192.168.3.4'], at: 1 },
  { id: 'public-url-port', file: ['hooks.acme.io', 'hooks.acme.io:8080'], at: 1 },
  { id: 'source-without-route', file: ['name: all,', 'name: all, match: { source: rio },'], at: 4 },
  {
    id: 'destination-without-route',
    file: [
      'destinations:\n',
      'destinations:\n  - { name: old, type: http, url: https://old.acme.io/x, signingSecret: { env: SIGN } }\n',
    ],
    at: 9,
  },
  { id: 'source-without-limit', file: [`, ${SWITCH}`, ' }'], at: 4 },
  { id: 'limit-counts-proxy', file: ['trustProxies: [10.0.0.0/8]\n', ''], at: 4 },
  { id: 'limit-rejects', file: [SWITCH, 'limit: { max: 30, over: reject } }'], at: 4 },
  { id: 'connection-closed', file: [SWITCH, `connection: close, ${SWITCH}`], at: 4 },
  { id: 'undurable-answered-200', file: [SWITCH, `onUndurable: 200, ${SWITCH}`], at: 4 },
  { id: 'undurable-answered-503', file: [', onUndurable: 200', ''], at: 5 },
  {
    id: 'body-waits-longer',
    file: ['onUndurable: 200', 'onUndurable: 200, bodyTimeout: { total: 8s }'],
    at: 5,
  },
  { id: 'destination-in-the-clear', file: ['https://bot', 'http://bot'], at: 9 },
  { id: 'destination-unsigned', file: [', signingSecret: { env: SIGN }', ''], at: 9 },
  { id: 'timeout-over-drain', file: ['signingSecret', 'timeout: 30s, signingSecret'], at: 9 },
  { id: 'log-of-debug', env: { LOG_LEVEL: 'DEBUG' }, at: 'LOG_LEVEL' },
  { id: 'log-of-debug', file: ['trustProxies', 'logLevel: DEBUG\ntrustProxies'], at: 2 },
  { id: 'environment-invalid', env: { SPOOL_MAX_AGE: 'long' }, at: 'SPOOL_MAX_AGE' },
  { id: 'variable-of-test-mode', env: { TEST_MODE: 'false' }, at: 'TEST_MODE' },
  { id: 'variable-obsolete', env: { MONGO_URI: 'mongodb://user:hunter2@db/faster' }, at: 'MONGO_URI' },
  { id: 'tls-unchecked', env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' }, at: 'NODE_TLS_REJECT_UNAUTHORIZED' },
  {
    id: 'kafka-password-in-clear',
    env: { ...UNREACHED, ...LOGIN, KAFKA_SASL_MECHANISM: 'plain', KAFKA_TLS: 'false' },
    at: 'KAFKA_TLS',
  },
  { id: 'kafka-open', env: { ...UNREACHED, ...LOGIN, KAFKA_TLS: 'false' }, at: 'KAFKA_TLS' },
  { id: 'kafka-open', env: { ...UNREACHED, KAFKA_TLS: 'true' }, at: 'KAFKA_SASL_MECHANISM' },
  {
    id: 'kafka-of-one-node',
    env: { KAFKA_BROKERS: '127.0.0.1:1', KAFKA_DURABILITY: 'single-node' },
    at: 'KAFKA_DURABILITY',
  },
  { id: 'spool-ephemeral', env: { SPOOL_DURABILITY: 'ephemeral' }, at: 'SPOOL_DURABILITY' },
  { id: 'spool-missing', env: { SPOOL_DIR: '' }, at: 'SPOOL_DIR' },
  { id: 'redis-missing', env: { INGRESS_PROCESSES: '4' }, at: 'REDIS_URL' },
  { id: 'connections-few', env: { WEBHOOK_MAX_CONNECTIONS: '40' }, at: 'WEBHOOK_MAX_CONNECTIONS' },
];
/** A rule that needs a change of another one: the limit by address is one of the file. */
const BY_ADDRESS = ['limit: { max: 30 }, onUndurable', 'limit: { max: 30, by: ip }, onUndurable'] as const;

describe('ackline doctor: configuration and environment', () => {
  let folder: DoctorFolder;
  before(async () => {
    folder = await openDoctorFolder();
  });
  after(() => folder[Symbol.asyncDispose]());

  async function look(text: string, env: Readonly<Record<string, string>> = {}) {
    await folder.write('ackline.yaml', text);
    const ran = await folder.run({ ...ENVIRONMENT, ...env }, '--json');
    assert.equal(ran.err, '');
    return { ...parseReport(ran), exitCode: ran.exitCode, text: ran.out };
  }

  it('finds nothing in a good file, and says what it did not look at', async () => {
    const { findings, notLookedAt, ok, exitCode } = await look(GOOD);
    assert.deepEqual([findings, ok, exitCode], [[], true, 0]);
    assert.deepEqual(
      notLookedAt.map(({ part }) => part),
      [
        'PostgreSQL and the work',
        'Kafka',
        'what services counted',
        'the ingress',
        'Telegram',
        'publicUrl from outside',
      ],
    );
  });

  for (const { id, file, env, at } of CASES) {
    it(`finds ${id} by ${Object.keys(env ?? {}).join() || JSON.stringify(file?.[1].slice(0, 40))}`, async () => {
      const base = id === 'limit-counts-proxy' ? GOOD.replace(...BY_ADDRESS) : GOOD;
      const text = file === undefined ? base : base.replace(...file);
      const { findings } = await look(text, env);
      const own = findings.filter(finding => finding.id === id);
      const [first] = own;
      if (typeof at === 'number')
        assert.ok(
          own.some(({ line }) => line === at),
          JSON.stringify(findings),
        );
      else assert.match(`${first?.subject ?? ''} ${first?.what ?? ''}`, new RegExp(`\\b${at}\\b`));
      const others = findings.filter(finding => finding.id !== id && !finding.id.startsWith('kafka'));
      assert.deepEqual(others, [], 'and nothing else');
    });
  }

  it('leaves 503 to one that bears some failures, or sends again what failed', async () => {
    for (const provider of ['gitlab', 'linear']) {
      const text = GOOD.replace('provider: respondio', `provider: ${provider}`);
      const { findings } = await look(text.replace(', onUndurable: 200', ''));
      assert.deepEqual(findings, [], provider);
    }
  });

  it('says why WEBHOOK_METRICS_ENABLED has no effect, and where metrics are', async () => {
    const { findings } = await look(GOOD, { WEBHOOK_METRICS_ENABLED: 'False' });
    assert.deepEqual(
      findings.map(({ id, subject }) => [id, subject]),
      [['variable-obsolete', 'WEBHOOK_METRICS_ENABLED']],
    );
    assert.match(findings[0]?.what ?? '', /operations port \(OPS_PORT\) alone, since alerts, scaling and/);
  });

  it('has a case for each kind', () => {
    const cases = new Set([...CASES.map(({ id }) => id), 'config-unreadable']);
    assert.deepEqual(
      [...cases].sort(),
      [...Object.keys(configurationRows), ...Object.keys(environmentRows)].sort(),
    );
  });

  it('goes on without a file, which is the first finding', async () => {
    const ran = await folder.run(
      { ...ENVIRONMENT, ACKLINE_CONFIG: '/nowhere/ackline.yaml', TEST_MODE: 'true' },
      '--json',
    );
    const { findings } = parseReport(ran);
    assert.deepEqual(
      [ran.exitCode, findings.map(({ id }) => id)],
      [2, ['config-unreadable', 'variable-of-test-mode']],
    );
    assert.match(findings[0]?.what ?? '', /nowhere\/ackline\.yaml: can not be read \(ENOENT\)$/);
  });

  it('names every mistake of a broken file by its place, and what else is wrong', async () => {
    const { findings } = await look('sources: [\n', { SPOOL_DIR: '' });
    assert.deepEqual(
      findings.map(({ id, line }) => [id, line]),
      [
        ['config-invalid', 2],
        ['spool-missing', null],
      ],
    );
  });

  it('shows no secret, and no password of an address', async () => {
    const weak = { TG: 'tr0ub4dor', RIO: 'tr0ub4dor', MONGO_URI: 'mongodb://user:hunter2@db/faster' };
    const { text } = await look(GOOD, weak);
    assert.match(text, /secret-weak.*secret-shared/);
    assert.doesNotMatch(text, /tr0ub4dor|hunter2/);
    await folder.write('ackline.yaml', GOOD);
    const { out } = await folder.run({ ...ENVIRONMENT, ...weak });
    assert.doesNotMatch(out, /tr0ub4dor|hunter2/);
  });

  it('in development it asks for nothing that only production needs, and says so', async () => {
    await folder.write('ackline.yaml', GOOD.replace('https://hooks.acme.io', 'http://localhost:8080'));
    const { findings, notLookedAt } = parseReport(await folder.run({}, '--json'));
    assert.deepEqual(findings, []);
    assert.ok(notLookedAt.some(({ part }) => part === 'what production needs'));
  });

  it('exits by the impact that it is told, and leaves out what is ignored', async () => {
    await folder.write('ackline.yaml', GOOD.replace(', signingSecret: { env: SIGN }', ''));
    const codes = async (...args: string[]) => (await folder.run(ENVIRONMENT, ...args)).exitCode;
    assert.deepEqual(
      [await codes(), await codes('--fail-on', 'medium'), await codes('--fail-on', 'low')],
      [0, 0, 2],
    );
    assert.equal(await codes('--fail-on', 'low', '--ignore', 'destination-unsigned'), 0);
    const { out } = await folder.run(ENVIRONMENT, '--ignore', 'destination-unsigned');
    assert.match(out, /ackline\.yaml for production: nothing found\.\n\n1 finding accepted, not shown\./);
    const wrong = await folder.run(ENVIRONMENT, '--ignore', 'no-such-id');
    assert.equal(wrong.exitCode, 1);
    assert.match(wrong.err, /There is no finding of this id/);
    assert.match(
      (await folder.run(ENVIRONMENT, '--fail-on', 'all')).err,
      /Allowed choices are high, medium, low/,
    );
  });

  it('prints by impact, one kind together, with the reason and what to do', async () => {
    await folder.write(
      'ackline.yaml',
      GOOD.replace('https://hooks', 'http://hooks').replaceAll(', limit: { max: 30 }', ''),
    );
    const { exitCode, out } = await folder.run(ENVIRONMENT);
    assert.equal(exitCode, 2);
    assert.match(out, /^\S*ackline\.yaml for production: 2 high, 2 low\.\n\nHIGH {4}public-url-insecure\n/);
    assert.match(
      out,
      /\n\nLOW {5}source-without-limit\n {2}\S*ackline\.yaml:4:13 {2}source tg: it takes as much as comes\n {2}\S*:5:13 {2}source rio: .*\n {2}Why: .*\n {2}Fix: .*\n\nNot looked at:\n/,
    );
  });
});
