// Production, where the console can't have its port: the real command and the real services.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTestDatabase } from '@ackline/testkit/database';
import { freePort } from '@ackline/testkit/free-port';
import { spawnService } from '@ackline/testkit/spawn-service';
import { waitFor } from '@ackline/testkit/wait-for';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** Three services on a busy machine. */
const LIMIT_MS = 120_000;
const CONFIG = `
publicUrl: https://hooks.example.com
sources:
  - { name: telegram, provider: telegram, path: /telegram, secrets: [{ env: SECRET }] }
destinations:
  - { name: crm, type: http, url: 'https://crm.example.com/' }
routes: [{ name: all, destination: crm }]
`;

test('a taken port of the console keeps no webhook out, and it comes up once the port is free', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'ackline-console-away-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'ackline.yaml'), CONFIG);
  const database = await createTestDatabase();
  stack.defer(() => database.close());
  const holder = createServer();
  stack.defer(() => void holder.close());
  const consolePort = await freePort();
  holder.listen(consolePort, '127.0.0.1');
  await once(holder, 'listening');
  const [port, opsPort] = [await freePort(), await freePort()];
  const up = stack.use(
    await spawnService(MAIN, {
      args: ['up'],
      cwd: folder,
      env: {
        ACKLINE_ENV: 'production',
        DATABASE_URL: database.url,
        SECRET: 'a-secret-of-the-test-which-is-long-enough',
        HOST: '127.0.0.1',
        OPS_HOST: '127.0.0.1',
        PORT: String(port),
        OPS_PORT: String(opsPort),
        CONSOLE_PORT: String(consolePort),
      },
      readyUrl: `http://127.0.0.1:${opsPort}/readyz`,
      readyTimeoutMs: LIMIT_MS,
    }),
  );
  const says = (text: string) =>
    waitFor(() => up.output().includes(text), { timeoutMs: LIMIT_MS, what: `${text} in the log` });
  await says('console.not-started: all else runs');
  assert.match(up.output(), /\[ACKLINE_PORT_IN_USE\]/);
  await says('up.ready');
  for (const url of [`http://127.0.0.1:${port}/health`, `http://127.0.0.1:${opsPort}/readyz`])
    assert.equal((await fetch(url)).status, 200, url);
  holder.close();
  await says('console runs again');
  const { status } = await fetch(`http://127.0.0.1:${consolePort}/api/v1/caller`);
  assert.equal(status, 401);
});
