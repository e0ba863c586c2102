import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { KafkaSettings } from '@ackline/runtime/kafka-environment';
import { AppError } from '@ackline/shared/app-error';
import { connectRules } from '../src/rules.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {} } as never;

describe('the rules of a processor', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ackline-rules-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function connect(
    destination: string,
    kafka: KafkaSettings | null,
    { source = '{ name: s, provider: telegram, path: /s, secrets: [{ env: A }] }', secretEnv = {} } = {},
  ) {
    const configPath = join(folder, 'ackline.yaml');
    await writeFile(configPath, `sources: [${source}]\ndestinations: [{ name: d, ${destination} }]\n`);
    return connectRules(
      { configPath, production: false, secretEnv, kafka },
      { log: quiet, onReloaded: () => undefined },
    );
  }

  it('need the secrets of sources where a destination gets them back, and never their verify tokens', async () => {
    const source =
      '{ name: s, provider: meta, path: /s, secrets: [{ env: A }], verifyTokens: [{ env: VERIFY }] }';
    const forwarding = "type: http, url: 'http://127.0.0.1:9/', forwardSecret: true";
    const { declared } = await connect(forwarding, null, { source, secretEnv: { A: 'secret' } });
    assert.equal(declared.current.destinations.get('d')?.forwardSecret, true);
    await assert.rejects(connect(forwarding, null, { source }), /environment variable A is not set/);
  });

  it('refuse a topic whose brokers nobody names', async () => {
    const brokers = ['kafka:9092'];
    await assert.rejects(
      connect('type: kafka, topic: t', null),
      (error: unknown) =>
        error instanceof AppError && /destination d: the brokers of its topic/.test(error.message),
    );
    for (const [destination, kafka] of [
      ['type: kafka, topic: t', { brokers, durability: 'cluster', security: { tls: null, sasl: null } }],
      ["type: kafka, topic: t, brokers: ['kafka:9092']", null],
    ] as const) {
      const { declared } = await connect(destination, kafka);
      assert.equal(declared.current.destinations.get('d')?.type, 'kafka');
    }
  });
});
