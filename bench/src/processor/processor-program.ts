import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NODE_ARGUMENTS } from '@ackline/runtime/node-arguments';
import { freePort } from '@ackline/testkit/free-port';
import { type AcklineOptions, kafkaEnvironment } from '../ackline.ts';
import { type RunningProgram, type Stage, startProgram } from '../program.ts';
import { TOKEN, WEBHOOK_PATH } from '../wire-request.ts';
import { SOURCE } from './sample-events.ts';

const MAIN = fileURLToPath(new URL('../../../services/processor/src/main.ts', import.meta.url));

export const DESTINATION = 'receiver';
export const ROUTE = 'all';
/** Lanes that are stored at a time: the default. What is compared with it has as many connections. */
export const WORKERS = 4;
/** Attempts at a time. What is compared with it has as many connections. */
export const CONCURRENCY = 50;
const SIGNING_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

export interface ProcessorOptions extends Pick<AcklineOptions, 'env' | 'isNotScraped'> {
  readonly databaseUrl: string;
  /** null: the inbox alone. */
  readonly brokers: string | null;
  /** Of the one destination. */
  readonly receiverUrl: string;
  /** For configuration file and log. */
  readonly directory: string;
}

/** The processor as an operator starts it: production settings, usual log, metrics on, deliveries signed and in order per key. */
export function startProcessor(options: ProcessorOptions): Promise<RunningProgram> {
  const stage: Stage = { ...options, brokers: options.brokers ?? '', topic: '' };
  return startProgram(async () => {
    const configPath = join(options.directory, 'processor.yaml');
    await writeFile(configPath, configText(options.receiverUrl));
    const operations = `http://127.0.0.1:${await freePort()}`;
    return {
      command: process.execPath,
      args: [...NODE_ARGUMENTS, MAIN],
      env: {
        ACKLINE_ENV: 'production',
        ACKLINE_CONFIG: configPath,
        BENCH_TOKEN: TOKEN,
        BENCH_SIGNING: SIGNING_SECRET,
        DATABASE_URL: options.databaseUrl,
        WEBHOOK_WORKERS: String(WORKERS),
        OPS_HOST: '127.0.0.1',
        OPS_PORT: new URL(operations).port,
        ...kafkaEnvironment(stage.brokers),
        ...options.env,
      },
      readyUrl: `${operations}/readyz`,
      ...(options.isNotScraped === true ? {} : { metricsUrl: `${operations}/metrics` }),
    };
  }, stage);
}

function configText(receiverUrl: string): string {
  return `
publicUrl: https://hooks.example.com
sources:
  - name: ${SOURCE}
    provider: telegram
    path: ${WEBHOOK_PATH}
    secrets: [{ env: BENCH_TOKEN }]
routes:
  - name: ${ROUTE}
    match: { source: ${SOURCE} }
    destination: ${DESTINATION}
destinations:
  - name: ${DESTINATION}
    type: http
    url: ${receiverUrl}
    concurrency: ${CONCURRENCY}
    ordering: key
    signingSecret: { env: BENCH_SIGNING }
`;
}
