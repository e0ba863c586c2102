// A process that spools, told by messages what to do. It says what was acknowledged, and what another log has, before it
// does anything else with it.
import { randomBytes, randomUUID } from 'node:crypto';
import { openSpool } from '@ackline/eventlog/spool/spool';
import { startSpoolRelay } from '@ackline/eventlog/spool/spool-relay';
import type { EventEnvelope } from '@ackline/shared/envelope';

export type WriterCommand =
  /** So many events side by side; `idle` when all are acknowledged. */
  | { readonly kind: 'append'; readonly count: number; readonly maxBodyBytes: number }
  /** As many as it can until it is killed. */
  | { readonly kind: 'full-speed'; readonly maxBodyBytes: number; readonly relaying: boolean };

export type WriterReport =
  | { readonly kind: 'ready' | 'idle' }
  | { readonly kind: 'acked' | 'relayed'; readonly ids: readonly string[] };

const AT_A_TIME = 64;
const DEADLINE_MS = 30_000;
/** Messages cost more than appends: they go in bundles. */
const REPORT_MS = 5;
const SPOOL_BYTES = 4 * 1024 ** 3;
const DAY_MS = 86_400_000;

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const spool = await openSpool({
  directory: process.argv[2] ?? '',
  maxBytes: SPOOL_BYTES,
  maxAgeMs: DAY_MS,
  allowEphemeral: true,
  log: silent,
});
const bundles: Record<'acked' | 'relayed', string[]> = { acked: [], relayed: [] };
setInterval(() => {
  for (const kind of ['acked', 'relayed'] as const) {
    if (bundles[kind].length > 0) report({ kind, ids: bundles[kind].splice(0) });
  }
}, REPORT_MS);

process.on('message', (command: WriterCommand) => void obey(command));
report({ kind: 'ready' });

async function obey(command: WriterCommand): Promise<void> {
  if (command.kind === 'append') {
    await Promise.all(Array.from({ length: command.count }, () => append(command.maxBodyBytes)));
    report({ kind: 'acked', ids: bundles.acked.splice(0) });
    report({ kind: 'idle' });
    return;
  }
  if (command.relaying) startRelay();
  await Promise.all(Array.from({ length: AT_A_TIME }, () => appendForever(command.maxBodyBytes)));
}

async function appendForever(maxBodyBytes: number): Promise<never> {
  for (;;) await append(maxBodyBytes);
}

async function append(maxBodyBytes: number): Promise<void> {
  const event = sampleEvent(maxBodyBytes);
  await spool.append(event, { afterOffset: -1n, deadlineMs: DEADLINE_MS });
  bundles.acked.push(event.id);
}

function startRelay(): void {
  const target = {
    isOpen: true,
    append(event: EventEnvelope) {
      bundles.relayed.push(event.id);
      report({ kind: 'relayed', ids: bundles.relayed.splice(0) });
      return Promise.resolve({ tier: 'inbox' as const });
    },
  };
  startSpoolRelay(spool, target, { log: silent });
}

function report(message: WriterReport): void {
  process.send?.(message);
}

function sampleEvent(maxBodyBytes: number): EventEnvelope {
  const id = randomUUID();
  return {
    id,
    source: 'telegram',
    tenant: 'default',
    provider: 'telegram',
    type: 'message',
    dedupKey: id,
    orderingKey: id.slice(0, 2),
    occurredAt: null,
    receivedAt: Date.now(),
    method: 'POST',
    url: 'https://hooks.example.com/webhook/telegram',
    headers: [['Content-Type', 'application/json']],
    body: randomBytes(Math.ceil(Math.random() * maxBodyBytes)),
    priority: 'normal',
    traceparent: null,
    notBefore: null,
  };
}
