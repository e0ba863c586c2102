// A process that spools, told by messages what to do. It notes what was acknowledged, and what another log has, before it does
// anything else with it (ST4 of spool-torn.ts).
import { randomBytes, randomUUID } from 'node:crypto';
import { openSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { openSpool } from '@ackline/eventlog/spool/spool';
import { startSpoolRelay } from '@ackline/eventlog/spool/spool-relay';
import type { EventEnvelope } from '@ackline/shared/envelope';

export type WriterCommand =
  /** So many events side by side; `idle` when all are acknowledged. */
  | { readonly kind: 'append'; readonly count: number; readonly maxBodyBytes: number }
  /** As many as it can until it is killed. */
  | { readonly kind: 'full-speed'; readonly maxBodyBytes: number; readonly relaying: boolean };

export type WriterReport = 'ready' | 'idle';

const AT_A_TIME = 64;
const DEADLINE_MS = 30_000;
/** As another log does: a kill finds rows that are sent and not taken. */
const MAX_TAKE_MS = 5;
const SPOOL_BYTES = 4 * 1024 ** 3;
const DAY_MS = 86_400_000;

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const [directory = '', ackedPath = '', relayedPath = ''] = process.argv.slice(2);
const notes = { acked: openSync(ackedPath, 'a'), relayed: openSync(relayedPath, 'a') };
const spool = await openSpool({
  directory,
  maxBytes: SPOOL_BYTES,
  maxAgeMs: DAY_MS,
  allowEphemeral: true,
  log: silent,
});
process.on('message', (command: WriterCommand) => void obey(command));
process.once('disconnect', () => process.exit());
report('ready');

async function obey(command: WriterCommand): Promise<void> {
  if (command.kind === 'append') {
    await Promise.all(Array.from({ length: command.count }, () => append(command.maxBodyBytes)));
    report('idle');
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
  note('acked', event);
}

function startRelay(): void {
  const target = {
    isOpen: true,
    async append(event: EventEnvelope) {
      await delay(Math.random() * MAX_TAKE_MS);
      note('relayed', event);
      return { tier: 'inbox' as const };
    },
  };
  startSpoolRelay(spool, target, { log: silent });
}

/** The kernel has it when this returns, whatever becomes of the process. */
function note(what: keyof typeof notes, { id }: EventEnvelope): void {
  writeSync(notes[what], `${id}\n`);
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
