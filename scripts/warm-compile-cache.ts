// Fills Node's compile cache (NODE_COMPILE_CACHE) while the image is built: `node warm-compile-cache.ts <root of Ackline>`. Imports nothing
// of it: it runs beside the sources. No server is there, so the services come as far as they do without one.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const root = process.argv[2] ?? '/app';
/** The modules are loaded within seconds; an emulated processor takes minutes. */
const LIMIT_MS = 300_000;
const LOOK_EVERY_MS = 100;
const OPS_PORT = 9464;
/** Nothing listens there: each client is loaded, and told so at once. */
const NOWHERE = '127.0.0.1:9';

const configFile = join(tmpdir(), 'warm.yaml');
writeFileSync(
  configFile,
  `
sources:
  - { name: a, provider: telegram, path: /a, secrets: [{ env: WARM_SECRET }] }
  - { name: b, provider: twilio, path: /b, publicUrl: https://hooks.example.com, secrets: [{ env: WARM_SECRET }] }
  - { name: c, provider: respondio, path: /c, secrets: [{ env: WARM_SECRET }] }
routes:
  - { name: a, destination: a }
destinations:
  - { name: a, type: http, url: https://example.com }
`,
);

/** As a program of the image would have it. */
const environment = {
  ...process.env,
  ACKLINE_CONFIG: configFile,
  DATABASE_URL: `postgres://nobody@${NOWHERE}/none`,
  KAFKA_BROKERS: NOWHERE,
  REDIS_URL: `redis://${NOWHERE}`,
  OTEL_EXPORTER_OTLP_ENDPOINT: `http://${NOWHERE}`,
  OPS_PORT: String(OPS_PORT),
  PORT: '0',
  CONSOLE_PORT: '0',
  WARM_SECRET: 'warm',
};

const image = join(root, 'packages/cli/bin/image.mjs');
const launcher = pathToFileURL(join(root, 'packages/cli/src/image/launch.ts')).href;

// The launcher becomes another program before Node would write its part of the cache.
await run('the launcher', ['--input-type=module', '--eval', `await import('${launcher}')`]);
await run('ackline in the image', [image, '--version']);
await run('ackline in a running pod', [join(root, 'packages/cli/bin/ackline.mjs'), '--version']);
await run('the ingress', [image, 'ingress']);
await run('the processor', [image, 'processor']);
await run('the console', [image, 'console']);
await run('the threads of a handler', ['--input-type=module', '--eval', handlerProgram()]);

/** Starts threads as a processor would, and lets them end: Node writes its cache at the end of a process. */
function handlerProgram(): string {
  const module = join(tmpdir(), 'warm-handler.mjs');
  writeFileSync(
    module,
    `import { defineHandler } from '@ackline/handlers/define-handler';
     import { telegram } from '@ackline/handlers/telegram';
     export const warm = defineHandler({ name: 'warm', source: telegram, handle() {} });`,
  );
  const options = {
    destination: 'warm',
    module,
    handler: null,
    threads: 1,
    memoryBytes: 128 * 1024 * 1024,
    secrets: {},
    settings: {},
    http: { connections: 1, keepAlive: 1 },
    pg: null,
  };
  const pool = pathToFileURL(join(root, 'packages/handlers/src/thread/thread-pool.ts')).href;
  return `
    const { createThreadPool } = await import(${JSON.stringify(pool)});
    const { NODE_COMPILE_CACHE } = process.env;
    const pool = createThreadPool(${JSON.stringify(options)}, {
      services: {},
      log: () => undefined,
      environment: NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE },
      onState(state) {
        if (state.kind === 'ready') pool.retire();
        if (state.kind === 'failed') throw new Error(state.failure.detail);
      },
    });`;
}

/** Runs it until it has started or can go no further. */
async function run(what: string, args: readonly string[]): Promise<void> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, { env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
  let complaints = '';
  child.stderr.on('data', chunk => (complaints += String(chunk)));
  const ended = new Promise<number | string>(resolve => {
    child.once('close', (code, signal) => resolve(signal ?? code ?? 'unknown'));
  });
  const over = ended.then(() => true as const);
  while (!(await Promise.race([over, hasStarted()]))) {
    if (performance.now() - startedAt > LIMIT_MS) {
      child.kill('SIGKILL');
      throw new Error(`${what} did not start within ${LIMIT_MS / 1_000} s. ${complaints}`);
    }
    await Promise.race([over, delay(LOOK_EVERY_MS)]);
  }
  child.kill('SIGTERM');
  console.log(`${what}: ended with ${await ended} after ${Math.round(performance.now() - startedAt)} ms`);
}

async function hasStarted(): Promise<boolean> {
  return fetch(`http://127.0.0.1:${OPS_PORT}/startupz`).then(
    ({ ok }) => ok,
    () => false,
  );
}
