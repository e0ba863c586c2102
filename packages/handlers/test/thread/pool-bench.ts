import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@ackline/testkit/wait-for';
import { createMemoryServices } from '../../src/testing.ts';
import type { HandlerLogLine, HandlerServices, JobEvent } from '../../src/thread/protocol.ts';
import {
  createThreadPool,
  type HandlerJob,
  type JobResult,
  type ThreadPool,
  type ThreadPoolOptions,
} from '../../src/thread/thread-pool.ts';

const MIB = 1_048_576;

export interface PoolBench extends AsyncDisposable {
  readonly pool: ThreadPool;
  readonly module: string;
  readonly options: ThreadPoolOptions;
  readonly lines: readonly HandlerLogLine[];
  write(source: string): void;
  /** A job that does what the module's handler makes of it. */
  run(payload: object, how?: RunHow): Promise<JobResult>;
  /** All of its threads take jobs. */
  ready(): Promise<void>;
}

interface RunHow {
  readonly timeoutMs?: number;
  readonly delivery?: string;
  readonly signal?: AbortSignal;
  readonly onAttribute?: HandlerJob['onAttribute'] & {};
}

export interface BenchOptions extends Partial<ThreadPoolOptions> {
  readonly services?: HandlerServices;
}

/** A pool over a module in a folder of its own, far from any node_modules. */
export function startPool(source: string, { services, ...given }: BenchOptions = {}): PoolBench {
  const folder = mkdtempSync(join(tmpdir(), 'ackline-handlers-'));
  const module = join(folder, 'bot.ts');
  writeFileSync(module, source);
  const lines: HandlerLogLine[] = [];
  const options: ThreadPoolOptions = {
    destination: 'bot',
    module,
    handler: null,
    threads: 1,
    memoryBytes: 64 * MIB,
    secrets: {},
    settings: undefined,
    http: { connections: 50, keepAlive: 20 },
    pg: null,
    ...given,
  };
  const pool = createThreadPool(options, {
    services: services ?? createMemoryServices(),
    log: line => void lines.push(line),
  });
  return {
    pool,
    module,
    options,
    lines,
    write: next => writeFileSync(module, next),
    run(payload, { timeoutMs = 60_000, delivery = randomUUID(), signal, onAttribute } = {}) {
      const job = {
        delivery,
        event: jobEvent(payload),
        timeoutMs,
        ...(onAttribute === undefined ? {} : { onAttribute }),
      };
      return pool.run(job, signal ?? AbortSignal.timeout(timeoutMs));
    },
    async ready() {
      await waitFor(() => pool.state().kind === 'ready' && pool.figures().threads >= options.threads);
    },
    async [Symbol.asyncDispose]() {
      await pool.close();
      rmSync(folder, { recursive: true });
    },
  };
}

export function jobEvent(payload: object): JobEvent {
  return {
    id: randomUUID(),
    type: 'test',
    source: 'api',
    tenant: 'default',
    provider: 'telegram',
    orderingKey: null,
    receivedAt: 1_795_372_800_000,
    occurredAt: null,
    attempt: 1,
    isReplay: false,
    headers: [['content-type', 'application/json']],
    body: Buffer.from(JSON.stringify(payload)),
  };
}

/** A module whose handler does what an event says. */
export function moduleThat(cases: string, before = ''): string {
  return `
import { setTimeout as delay } from 'node:timers/promises';
import { defineHandler } from '@ackline/handlers/define-handler';
import { giveUp, retryLater } from '@ackline/handlers/handler-error';
import { any } from '@ackline/handlers/any';
${before}
interface Order { readonly do: string; readonly [field: string]: unknown }
export const bot = defineHandler({
  name: 'bot',
  source: any,
  async handle(event, ctx) {
    const order = event.payload as Order;
    switch (order.do) {
      case 'nothing': return;
      ${cases}
      default: throw giveUp('no such order');
    }
  },
});
`;
}
