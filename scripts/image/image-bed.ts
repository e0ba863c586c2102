// What an image needs to be tried: a network with a PostgreSQL on it, and its containers as a cluster would start them.
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { IMAGES, RUN_LABEL, RUN_VARIABLE } from '../../packages/testkit/src/container-settings.ts';
import { freePort } from '../../packages/testkit/src/free-port.ts';
import { bringImage, docker, ImageError } from './docker-cli.ts';

export type ImageService = 'ingress' | 'processor' | 'console';

/** Its port in the image; nobody calls the processor. */
const HTTP_PORTS: Readonly<Partial<Record<ImageService, number>>> = { ingress: 8080, console: 8081 };

export interface RunningImage extends AsyncDisposable {
  readonly id: string;
  /** On this machine. */
  readonly opsUrl: string;
  /** null: the processor has none. */
  readonly httpUrl: string | null;
  /** Milliseconds from the start of its first process to the first 200 of /startupz. */
  readonly startMs: number;
  logs(): Promise<string>;
}

export interface ImageBed extends AsyncDisposable {
  /** Runs a command of `ackline` in it to its end, and gives what it wrote. Rejects where it fails. */
  runCommand(image: string, ...words: string[]): Promise<string>;
  start(image: string, service: ImageService, env?: Readonly<Record<string, string>>): Promise<RunningImage>;
}

/** Of the source below. */
export const BED_TOKEN = 'image-bed-token';
export const BED_PATH = '/webhook/telegram';
const CONFIG = `
sources:
  - { name: telegram, provider: telegram, path: ${BED_PATH}, secrets: [{ env: BED_TOKEN }] }
routes:
  - { name: everything, destination: nowhere }
destinations:
  - { name: nowhere, type: http, url: http://127.0.0.1:9/none }
`;
const PASSWORD = 'image-bed';
const POSTGRES_LIMIT_MS = 120_000;
const START_LIMIT_MS = 120_000;
/** Shorter than what is measured by far, and long enough that asking is no load. */
const LOOK_EVERY_MS = 5;
const RETRY_MS = 200;

/** What `restricted` Pod Security asks for, and a root that nothing can be written to. */
const RESTRICTED = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];

export async function openImageBed(): Promise<ImageBed> {
  await using opened = new AsyncDisposableStack();
  const name = `ackline-image-${process.pid}-${randomBytes(3).toString('hex')}`;
  const labels = ['--label', `${RUN_LABEL}=${process.env[RUN_VARIABLE] ?? process.pid}`];
  if (!(await bringImage(IMAGES.postgres)))
    throw new ImageError(
      `${IMAGES.postgres} is not here and can not be pulled: it is what the services need.`,
    );
  const folder = await mkdtemp(join(tmpdir(), 'ackline-image-'));
  opened.defer(() => rm(folder, { recursive: true }));
  await chmod(folder, 0o755); // for the user of the image
  await writeFile(join(folder, 'ackline.yaml'), CONFIG);
  await docker(['network', 'create', name]);
  opened.defer(async () => void (await docker(['network', 'rm', name])));
  const settings = { POSTGRES_USER: 'ackline', POSTGRES_PASSWORD: PASSWORD, POSTGRES_DB: 'ackline' };
  const postgres = await docker(
    ['run', '--detach', '--network', name, '--name', name].concat(labels, envWords(settings), [
      IMAGES.postgres,
      'postgres',
      '-c',
      'max_connections=200',
    ]),
  );
  opened.defer(async () => void (await docker(['rm', '--force', '--volumes', postgres])));
  const shared = ['--network', name, '--volume', `${folder}:/etc/ackline:ro`].concat(
    labels,
    RESTRICTED,
    envWords({
      ACKLINE_CONFIG: '/etc/ackline/ackline.yaml',
      DATABASE_URL: `postgres://ackline:${PASSWORD}@${name}/ackline`,
      BED_TOKEN,
    }),
  );
  const resources = opened.move();
  return {
    runCommand: (image, ...words) => docker(['run', '--rm', ...shared, image, ...words], POSTGRES_LIMIT_MS),
    start: (image, service, env = {}) => start(image, service, [...shared, ...envWords(env)]),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** With the schema that the image brings: PostgreSQL may need some seconds until it answers. */
export async function migrateBed(bed: ImageBed, image: string): Promise<void> {
  const endsAt = performance.now() + POSTGRES_LIMIT_MS;
  for (;;) {
    try {
      await bed.runCommand(image, 'migrate');
      return;
    } catch (error) {
      if (performance.now() > endsAt) throw error;
      await delay(RETRY_MS);
    }
  }
}

function envWords(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
}

async function start(image: string, service: ImageService, shared: readonly string[]): Promise<RunningImage> {
  const opsPort = await freePort();
  const ownPort = HTTP_PORTS[service];
  const httpPort = ownPort === undefined ? null : await freePort();
  const ports = [`${opsPort}:9464`, ...(httpPort === null ? [] : [`${httpPort}:${ownPort}`])];
  const published = ports.flatMap(pair => ['--publish', `127.0.0.1:${pair}`]);
  const id = await docker(['create', ...shared, ...published, image, service]);
  const remove = async () => void (await docker(['rm', '--force', '--volumes', id]));
  const logs = async () => docker(['logs', id]);
  try {
    await docker(['start', id]);
    const startedAt = Date.parse(await docker(['inspect', '--format', '{{.State.StartedAt}}', id]));
    const opsUrl = `http://127.0.0.1:${opsPort}`;
    const over = new AbortController();
    docker(['wait', id], START_LIMIT_MS).then(
      () => over.abort(),
      () => over.abort(),
    );
    const startMs = (await untilStarted(`${opsUrl}/startupz`, over.signal)) - startedAt;
    const httpUrl = httpPort === null ? null : `http://127.0.0.1:${httpPort}`;
    return { id, opsUrl, httpUrl, startMs, logs, [Symbol.asyncDispose]: remove };
  } catch (cause) {
    const said = await logs().catch(() => '');
    await remove();
    throw new ImageError(`${service} did not start in ${image}. It said: ${said.slice(-2_000)}`, { cause });
  }
}

/** Epoch milliseconds of the first 200. `over`: none will come. */
async function untilStarted(url: string, over: AbortSignal): Promise<number> {
  while (!over.aborted) {
    const isThere = await fetch(url, { signal: over }).then(
      async answer => {
        await answer.arrayBuffer();
        return answer.ok;
      },
      () => false,
    );
    if (isThere) return Date.now();
    await delay(LOOK_EVERY_MS);
  }
  throw new ImageError(`${url} did not answer 200 within ${START_LIMIT_MS / 1_000} s, or its process ended`);
}

/** Sends the signal, waits for the end, and gives the exit status. */
export async function endContainer(id: string, signal: string): Promise<number> {
  await docker(['kill', '--signal', signal, id]);
  return Number(await docker(['wait', id]));
}
