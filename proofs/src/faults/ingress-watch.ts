import type { SpawnedService } from '@ackline/testkit/spawn-service';
import type { System } from '../system.ts';

/** The ingress of a run: may be killed, and what it counted is summed over its processes. */
export interface IngressWatch extends AsyncDisposable {
  /** `kill -9`, and at once started again. */
  killAndRestart(): Promise<void>;
  /** Waits until its figures were read once more. */
  counts(): Promise<IngressCounts>;
  stop(): Promise<void>;
  output(): string;
  readonly pid: number;
}

export interface IngressCounts {
  /** By tier. */
  readonly appended: Readonly<Record<string, number>>;
  /** Of `onUndurable: 200`. What was counted less than POLL_MS before a `kill -9` is not in it. */
  readonly lost: number;
}

const POLL_MS = 250;
const APPENDED = /^ackline_eventlog_appends_total\{[^}]*tier="(\w+)"[^}]*\} (\d+)$/gm;
const LOST = /^ackline_ingress_events_lost_total\{[^}]*\} (\d+)$/gm;

export async function watchIngress(system: System): Promise<IngressWatch> {
  let service: SpawnedService = await system.startIngress();
  let before: IngressCounts = { appended: {}, lost: 0 };
  let current: IngressCounts = { appended: {}, lost: 0 };
  const output: string[] = [];
  const read = async (): Promise<void> => {
    const asked = service;
    const text = await system.ingressMetrics().catch(() => null);
    if (text !== null && asked === service) current = parseCounts(text);
  };
  const timer = setInterval(() => void read(), POLL_MS);
  return {
    get pid() {
      return service.pid;
    },
    async killAndRestart() {
      await service.stop('SIGKILL');
      output.push(service.output());
      before = add(before, current);
      current = { appended: {}, lost: 0 };
      service = await system.startIngress({ untilReady: false });
    },
    async counts() {
      await read();
      return add(before, current);
    },
    async stop() {
      clearInterval(timer);
      await service.stop('SIGTERM');
    },
    output: () => [...output, service.output()].join('\n--- killed ---\n'),
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await service.stop('SIGKILL');
    },
  };
}

function parseCounts(text: string): IngressCounts {
  const appended: Record<string, number> = {};
  for (const [, tier = '', count] of text.matchAll(APPENDED)) appended[tier] = Number(count);
  return { appended, lost: text.matchAll(LOST).reduce((sum, [, count]) => sum + Number(count), 0) };
}

function add(a: IngressCounts, b: IngressCounts): IngressCounts {
  const tiers = new Set([...Object.keys(a.appended), ...Object.keys(b.appended)]);
  const appended = Object.fromEntries(
    [...tiers].map(tier => [tier, (a.appended[tier] ?? 0) + (b.appended[tier] ?? 0)]),
  );
  return { appended, lost: a.lost + b.lost };
}
