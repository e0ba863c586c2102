import { createTestDatabase } from '../../packages/testkit/src/database.ts';
import { idleConnections } from '../../proofs/src/http/idle-connections.ts';
import { createSystem, TOKEN } from '../../proofs/src/system.ts';
import { runNastyProbes } from '../../services/ingress/test/support/nasty-http.ts';
import type { ProofCommand } from './proof-command.ts';

/** What a client may do to the public port, on a real ingress, and what came of it. */
export const nastyHttp: ProofCommand = { docker: false, run: nasty };

const IDLE_CONNECTIONS = 10_000;
const RECEIVER = 'http://127.0.0.1:9/'; // nothing is delivered: no processor runs

async function nasty(): Promise<boolean> {
  await using stack = new AsyncDisposableStack();
  const database = await createTestDatabase();
  stack.defer(() => database.close());
  const system = stack.use(
    await createSystem({
      databaseUrl: database.url,
      brokers: null,
      receiverUrl: RECEIVER,
      envOf: () => ({ WEBHOOK_MAX_CONNECTIONS: String(2 * IDLE_CONNECTIONS + 1_000) }), // half of them may be idle
    }),
  );
  await system.startIngress();
  const url = new URL(system.webhookUrl);
  const results = await runNastyProbes({ port: Number(url.port), path: url.pathname, token: TOKEN });
  console.log('| probe | expected | got | |\n| --- | --- | --- | --- |');
  for (const { name, expected, got } of results) {
    console.log(
      `| ${cell(name)} | ${cell(expected)} | ${cell(got)} | ${expected === got ? '' : 'DIFFERS'} |`,
    );
  }
  const idle = await idleConnections(system.webhookUrl, IDLE_CONNECTIONS);
  const ended =
    idle.endedMs === null ? 'not all ended' : `all ended after ${(idle.endedMs / 1_000).toFixed(1)} s`;
  console.log(
    `\n${idle.opened} connections without a request: beside them ${idle.accepted} of ${idle.requests} webhooks got a 2xx, p99 ${idle.p99.toFixed(1)} ms; ${ended}`,
  );
  const isBounded = idle.endedMs !== null && idle.accepted === idle.requests;
  return isBounded && results.every(({ expected, got }) => expected === got);
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
