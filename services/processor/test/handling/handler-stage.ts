import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { freePort } from '@ackline/testkit/free-port';
import { type SpawnedService, spawnService } from '@ackline/testkit/spawn-service';
import { waitFor } from '@ackline/testkit/wait-for';
import type { Pool } from 'pg';
import { openPool } from '../events.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const SLOW = { timeoutMs: 30_000 };

export interface StoredDelivery {
  readonly id: string;
  readonly destination: string;
  readonly state: string;
  readonly tries: number;
  readonly interruptions: number;
  readonly park_reason: string | null;
  readonly attempts: readonly { outcome: string; error: string | null; excerpt: string | null }[];
}

export interface RunningProcessor extends SpawnedService {
  readonly operations: string;
}

/** A folder with ackline.yaml and modules of handlers, a database, and processors that work with both. */
export interface HandlerStage extends AsyncDisposable {
  readonly folder: string;
  readonly database: TestDatabase;
  readonly pool: Pool;
  /** Writes a module whose handlers all take any JSON: the text behind the imports. Whole at once, as an editor saves it. */
  writeModule(text: string, name?: string): Promise<void>;
  forgetNotes(): void;
  /** As a handler's `note`. */
  note(text: unknown): void;
  /** Destinations in the flow style of YAML, d0 and so on; each gets everything. NOTES is where `note` writes. */
  writeConfig(destinations: readonly string[]): Promise<void>;
  start(env?: Readonly<Record<string, string>>): Promise<RunningProcessor>;
  /** What handlers have noted with `note`, in its order, over all processes. */
  notes(): readonly string[];
  rows(): Promise<readonly StoredDelivery[]>;
  untilAll(state: string, count: number): Promise<readonly StoredDelivery[]>;
  untilNoted(count: number): Promise<unknown>;
}

/** `note` writes with its process, before anything else can happen to it; `untilNoted` waits for what another one, or the test, notes. */
const HEAD = `import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { any } from '@ackline/handlers/any';
import { defineHandler } from '@ackline/handlers/define-handler';
import { giveUp, retryLater } from '@ackline/handlers/handler-error';
const note = (ctx: any, text: unknown) => appendFileSync(ctx.settings.notes, JSON.stringify(text) + '\\n');
const isNoted = (file: string, line: string) => existsSync(file) && readFileSync(file, 'utf8').split('\\n').includes(line);
const untilNoted = async (ctx: any, text: unknown) => {
  while (!isNoted(ctx.settings.notes, JSON.stringify(text))) await new Promise(resolve => setTimeout(resolve, 5));
};
`;

export async function openHandlerStage(): Promise<HandlerStage> {
  const folder = await mkdtemp(join(tmpdir(), 'ackline-handlers-'));
  const database = await createTestDatabase();
  const pool = openPool(database.url);
  const notesFile = join(folder, 'notes.txt');
  const started: SpawnedService[] = [];

  async function put(name: string, text: string): Promise<void> {
    await writeFile(join(folder, `${name}.next`), text);
    await rename(join(folder, `${name}.next`), join(folder, name));
  }
  async function rows(): Promise<readonly StoredDelivery[]> {
    const found = await pool.query<StoredDelivery>('select * from all_deliveries order by seq, destination');
    return found.rows;
  }
  const notes = () =>
    existsSync(notesFile)
      ? readFileSync(notesFile, 'utf8')
          .split('\n')
          .filter(line => line !== '')
          .map(line => String(JSON.parse(line)))
      : [];

  return {
    folder,
    database,
    pool,
    notes,
    rows,
    forgetNotes: () => rmSync(notesFile, { force: true }),
    note: text => appendFileSync(notesFile, `${JSON.stringify(text)}\n`),
    writeModule: (text, name = 'bot.ts') => put(name, HEAD + text),
    writeConfig: destinations =>
      put(
        'ackline.yaml',
        `sources: [{ name: telegram, provider: telegram, path: /webhook/telegram, secrets: [{ env: TOKEN }] }]
routes: [${destinations.map((_, n) => `{ name: r${n}, destination: d${n} }`).join(', ')}]
destinations:
${destinations
  .map(
    (more, n) =>
      `  - { name: d${n}, type: handler, retry: { schedule: [20ms, 20ms, 20ms], jitter: none }, ${more.includes('settings:') ? '' : 'settings: { notes: NOTES }, '}${more} }\n`,
  )
  .join('')
  .replaceAll('NOTES', notesFile)}`,
      ),
    async start(env = {}) {
      const port = await freePort();
      const operations = `http://127.0.0.1:${port}`;
      const service = await spawnService(MAIN, {
        cwd: folder,
        readyUrl: `${operations}/readyz`,
        env: {
          DATABASE_URL: database.url,
          OPS_HOST: '127.0.0.1',
          OPS_PORT: String(port),
          TOKEN: 'x',
          ...env,
        },
      });
      started.push(service);
      return Object.assign(service, { operations });
    },
    async untilAll(state, count) {
      await waitFor(
        async () => {
          const all = await rows();
          return all.length === count && all.every(row => row.state === state);
        },
        { what: `${count} deliveries ${state}`, ...SLOW },
      );
      return rows();
    },
    untilNoted: count => waitFor(() => notes().length >= count, { what: `${count} notes`, ...SLOW }),
    async [Symbol.asyncDispose]() {
      for (const service of started) await service.stop('SIGKILL');
      await pool.end();
      await database.close();
      await rm(folder, { recursive: true });
    },
  };
}
