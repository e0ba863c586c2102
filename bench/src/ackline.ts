import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NODE_ARGUMENTS } from '@ackline/runtime/node-arguments';
import { freePort } from '@ackline/testkit/free-port';
import type { Program, Stage, StartPlan } from './program.ts';
import { TOKEN, WEBHOOK_PATH } from './wire-request.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface AcklineOptions {
  /** Added to the environment, over what the run sets. */
  readonly env?: Readonly<Record<string, string>>;
  /** Of Node itself. */
  readonly nodeArgs?: readonly string[];
  /** Nobody reads its metrics while it is measured. */
  readonly isNotScraped?: boolean;
}

/** The ingress as an operator starts it: production settings, usual log, metrics on. */
export function ackline(name = 'Ackline', options: AcklineOptions = {}): Program {
  return {
    name,
    meaning: { durable: true, text: 'in Kafka with acks=all, or else committed in PostgreSQL' },
    prepare: () =>
      Promise.resolve({
        kind: 'ready',
        version: `${commit()}, Node ${process.versions.node}`,
        plan: (stage, port) => acklinePlan(stage, port, options),
      }),
  };
}

async function acklinePlan(stage: Stage, port: number, options: AcklineOptions): Promise<StartPlan> {
  const configPath = join(stage.directory, 'ackline.yaml');
  await writeFile(configPath, CONFIG);
  const operations = await freePort();
  return {
    command: process.execPath,
    args: [...NODE_ARGUMENTS, ...(options.nodeArgs ?? []), join(root, 'services/ingress/src/main.ts')],
    env: {
      ACKLINE_ENV: 'production',
      ACKLINE_CONFIG: configPath,
      BENCH_TOKEN: TOKEN,
      DATABASE_URL: stage.databaseUrl,
      ...kafkaEnvironment(stage.brokers),
      HOST: '127.0.0.1',
      PORT: String(port),
      OPS_HOST: '127.0.0.1',
      OPS_PORT: String(operations),
      ...options.env,
    },
    readyUrl: `http://127.0.0.1:${operations}/readyz`,
    ...(options.isNotScraped === true ? {} : { metricsUrl: `http://127.0.0.1:${operations}/metrics` }),
  };
}

/** None where there are no brokers: then the inbox takes every event. */
export function kafkaEnvironment(brokers: string): Readonly<Record<string, string>> {
  if (brokers === '') return {};
  return { KAFKA_BROKERS: brokers, KAFKA_DURABILITY: 'single-node' }; // one broker: the topic can't have three replicas
}

const CONFIG = `
publicUrl: https://hooks.example.com
sources:
  - name: telegram
    provider: telegram
    path: ${WEBHOOK_PATH}
    secrets: [{ env: BENCH_TOKEN }]
routes: []
destinations: []
`;

/** Of the working tree, for the table of versions. */
export function commit(): string {
  const git = (...args: readonly string[]): string => {
    try {
      return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
    } catch {
      return '';
    }
  };
  const hash = git('rev-parse', '--short', 'HEAD');
  const isChanged = git('status', '--porcelain', '--untracked-files=no', 'packages', 'services') !== '';
  return `commit ${hash === '' ? 'unknown' : hash}${isChanged ? ' with changes' : ''}`;
}
