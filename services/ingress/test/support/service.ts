import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ACK_BUDGET_MS } from '@ackline/eventlog/large-bodies';
import { createPool } from '@ackline/store/pool';
import { freePort } from '@ackline/testkit/free-port';
import { type SpawnedService, spawnService } from '@ackline/testkit/spawn-service';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** The secret of its source, in the header that Telegram sends. */
export const SERVICE_TOKEN = 'service-token';
/** No answer by then is a failure of its own. */
const ANSWER_LIMIT_MS = 10_000;

export const SERVICE_CONFIG = `
sources: [{ name: telegram, provider: telegram, path: /webhook/telegram, secrets: [{ env: TOKEN }] }]
destinations: [{ name: receiver, type: http, url: http://127.0.0.1:9/ }]
routes: [{ name: all, destination: receiver }]
`;

export interface RunningIngress extends AsyncDisposable {
  readonly service: SpawnedService;
  readonly port: number;
  readonly operations: string;
  readonly configFile: string;
  /** The fields of each line that was logged under this name. */
  logged(event: string): Record<string, unknown>[];
  health(): Promise<Record<string, unknown>>;
}

/** The real main.ts in a process of its own, ready: that `readyPath` of its operations port answers 2xx. */
export async function startIngress(
  databaseUrl: string,
  env: Readonly<Record<string, string>> = {},
  { readyPath = '/readyz' }: { readonly readyPath?: string } = {},
): Promise<RunningIngress> {
  const folder = await mkdtemp(join(tmpdir(), 'ackline-ingress-'));
  const configFile = join(folder, 'ackline.yaml');
  await writeFile(configFile, SERVICE_CONFIG);
  const [port, opsPort] = [await freePort(), await freePort()];
  const operations = `http://127.0.0.1:${opsPort}`;
  const service = await spawnService(MAIN, {
    env: {
      ACKLINE_CONFIG: configFile,
      DATABASE_URL: databaseUrl,
      HOST: '127.0.0.1',
      OPS_HOST: '127.0.0.1',
      PORT: String(port),
      OPS_PORT: String(opsPort),
      TOKEN: SERVICE_TOKEN,
      ...env,
    },
    readyUrl: operations + readyPath,
  });
  return {
    service,
    port,
    operations,
    configFile,
    logged: event =>
      service
        .output()
        .split('\n')
        .filter(line => line.includes(`"${event}"`) && line.endsWith('}'))
        .map(line => JSON.parse(line) as Record<string, unknown>),
    async health() {
      const response = await fetch(`http://127.0.0.1:${port}/health`, {
        headers: { connection: 'close' },
        signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
      });
      return (await response.json()) as Record<string, unknown>;
    },
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The worker processes of the parent, by the kernel's word. */
export function workerPids({ service }: Pick<RunningIngress, 'service'>): number[] {
  const text = readFileSync(`/proc/${service.pid}/task/${service.pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

/** What a sender saw: the ids that were answered 200, other statuses, and connections that broke. */
export interface Tally {
  readonly accepted: number[];
  /** Answered 503 once all the time for an answer was over, as on a machine that stands still: they may be stored or not. */
  readonly late: number[];
  readonly statuses: number[];
  readonly failures: string[];
}

export function newTally(): Tally {
  return { accepted: [], late: [], statuses: [], failures: [] };
}

/** Sends updates one after the other until it is told to stop; each connection carries one, or all that the server allows. */
export async function sendUpdates(
  port: number,
  options: {
    readonly firstId: number;
    readonly keepAlive: boolean;
    readonly tally: Tally;
    isOver(): boolean;
  },
): Promise<void> {
  const { tally } = options;
  const agent = new Agent({ keepAlive: options.keepAlive, maxSockets: 1 });
  for (let id = options.firstId; !options.isOver(); id += 1) {
    const sentAt = performance.now();
    try {
      const status = await sendUpdate(agent, port, id);
      if (status === 200) tally.accepted.push(id);
      else if (status === 503 && performance.now() - sentAt >= ACK_BUDGET_MS) tally.late.push(id);
      else tally.statuses.push(status);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      tally.failures.push(code);
      if (code === 'ECONNREFUSED') break; // nobody is there any more
    }
  }
  agent.destroy();
}

export function sendUpdate(agent: Agent, port: number, id: number): Promise<number> {
  const body = `{"update_id":${id},"message":{"chat":{"id":${id % 7}},"date":1700000000}}`;
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        agent,
        host: '127.0.0.1',
        port,
        method: 'POST',
        path: '/webhook/telegram',
        headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': SERVICE_TOKEN },
      },
      response => {
        response.on('error', reject).resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      },
    );
    sent.on('error', reject);
    sent.setTimeout(ANSWER_LIMIT_MS, () => sent.destroy(new Error('no answer')));
    sent.end(body);
  });
}

/** All that were answered 200 are stored, and nothing else, but for what was answered late. */
export async function assertStored(
  url: string,
  { accepted, late }: Pick<Tally, 'accepted' | 'late'>,
): Promise<void> {
  const stored = await idsInInbox(url);
  const sorted = (ids: readonly number[]) => ids.toSorted((a, b) => a - b);
  assert.deepEqual(sorted(stored.filter(id => !late.includes(id))), sorted(accepted));
}

export async function idsInInbox(url: string): Promise<number[]> {
  const pool = createPool({
    connectionString: url,
    applicationName: 'test',
    max: 1,
    onError: () => undefined,
  });
  try {
    const { rows } = await pool.query<{ body: Buffer }>('select body from inbox');
    return rows.map(row => (JSON.parse(row.body.toString()) as { update_id: number }).update_id);
  } finally {
    await pool.end();
  }
}
