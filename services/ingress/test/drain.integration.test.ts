import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createPool } from '@ackline/store/pool';
import { withDatabase } from '@ackline/testkit/database';
import { freePort } from '@ackline/testkit/free-port';
import { spawnService } from '@ackline/testkit/spawn-service';
import { waitFor } from '@ackline/testkit/wait-for';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const TOKEN = 'drain-token';
const CONNECTIONS = 16;
const ANSWERS_BEFORE_SIGNAL = 200;

const CONFIG = `
sources: [{ name: telegram, provider: telegram, path: /webhook/telegram, secrets: [{ env: TOKEN }] }]
destinations: [{ name: receiver, type: http, url: http://127.0.0.1:9/ }]
routes: [{ name: all, destination: receiver }]
`;

/** Sends updates one after the other on one connection until the server takes no more. */
async function sendUntilRefused(
  port: number,
  sender: number,
  onAnswer: (id: number, status: number) => void,
) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let count = 0; ; count += 1) {
    const id = sender * 1_000_000 + count;
    try {
      onAnswer(id, await send(agent, port, id));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'ECONNREFUSED') break;
      // A connection that was cut while it was idle: this update was never accepted, which is checked at the end.
    }
  }
  agent.destroy();
}

function send(agent: Agent, port: number, id: number): Promise<number> {
  const body = `{"update_id":${id},"message":{"chat":{"id":${id % 7}},"date":1700000000}}`;
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        agent,
        host: '127.0.0.1',
        port,
        method: 'POST',
        path: '/webhook/telegram',
        headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': TOKEN },
      },
      response => {
        response.on('error', reject).resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

async function idsInInbox(url: string): Promise<number[]> {
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

describe('SIGTERM under load', () => {
  it('leaves every request either answered 200 and stored, or never accepted, and exits 0', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ackline-drain-'));
    await writeFile(join(folder, 'ackline.yaml'), CONFIG);
    try {
      await withDatabase(async database => {
        const [port, opsPort] = [await freePort(), await freePort()];
        await using service = await spawnService(MAIN, {
          env: {
            ACKLINE_CONFIG: join(folder, 'ackline.yaml'),
            DATABASE_URL: database.url,
            HOST: '127.0.0.1',
            OPS_HOST: '127.0.0.1',
            PORT: String(port),
            OPS_PORT: String(opsPort),
            LOG_LEVEL: 'WARNING',
            TOKEN,
          },
          readyUrl: `http://127.0.0.1:${opsPort}/readyz`,
        });
        const answered: number[] = [];
        const others: number[] = [];
        const senders = Array.from({ length: CONNECTIONS }, (_, sender) =>
          sendUntilRefused(port, sender, (id, status) =>
            status === 200 ? answered.push(id) : others.push(status),
          ),
        );
        await waitFor(() => answered.length >= ANSWERS_BEFORE_SIGNAL);
        const { code, signal } = await service.stop('SIGTERM');
        await Promise.all(senders);

        assert.deepEqual([code, signal], [0, null], service.output());
        assert.deepEqual(others, []);
        const stored = await idsInInbox(database.url);
        assert.deepEqual(
          stored.toSorted((a, b) => a - b),
          answered.toSorted((a, b) => a - b),
        );
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
