import { rm } from 'node:fs/promises';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase } from '@ackline/testkit/database';
import { freePort } from '@ackline/testkit/free-port';
import type { SpawnedService } from '@ackline/testkit/spawn-service';
import { startTcpProxy } from '@ackline/testkit/tcp-proxy';
import { waitFor } from '@ackline/testkit/wait-for';
import { createSystem, type System } from '../system.ts';
import { isAccepted, startPacedLoad } from '../paced-load.ts';

/** An ingress that reaches neither Kafka nor PostgreSQL any more: its spool takes every event. */
export interface CutOffIngress extends AsyncDisposable {
  readonly system: System;
  readonly service: SpawnedService;
  readonly spoolDirectory: string;
}

/** Above: other ids than those of the requests that opened the breakers. */
export const FIRST_ID = 200_000_000;
const BREAKER_SECONDS = 3_600;
const WARM_UP_ID = 1_000;

export async function startCutOffIngress(env: Readonly<Record<string, string>> = {}): Promise<CutOffIngress> {
  await using opened = new AsyncDisposableStack();
  const database = await createTestDatabase();
  opened.defer(() => database.close());
  const link = opened.use(await startTcpProxy({ port: Number(new URL(database.url).port) }));
  const url = new URL(database.url);
  url.hostname = '127.0.0.1';
  url.port = String(link.port);
  const spoolDirectory = await mkdtemp(join(tmpdir(), 'ackline-spool-'));
  opened.defer(() => rm(spoolDirectory, { recursive: true, force: true }));
  const system = opened.use(
    await createSystem({
      databaseUrl: url.href,
      brokers: `127.0.0.1:${await freePort()}`, // nobody listens there
      receiverUrl: 'http://127.0.0.1:9/',
      breakerSeconds: BREAKER_SECONDS,
      envOf: () => ({ SPOOL_DIR: spoolDirectory, SPOOL_DURABILITY: 'ephemeral', ...env }),
    }),
  );
  const service = await system.startIngress();
  await link.cut();
  await openBreakers(system);
  const closing = opened.move();
  return { system, service, spoolDirectory, [Symbol.asyncDispose]: () => closing.disposeAsync() };
}

/** Until answers come from the spool alone. */
async function openBreakers(system: System): Promise<void> {
  const load = startPacedLoad({
    url: system.webhookUrl,
    firstId: WARM_UP_ID,
    rate: 50,
    chats: 10,
    resends: false,
    repeatEvery: 0,
  });
  try {
    await waitFor(() => load.attempts.slice(-20).filter(({ status }) => isAccepted(status)).length === 20, {
      timeoutMs: 60_000,
      what: 'the spool to take events',
    });
  } finally {
    await load.finish(0);
  }
}
