import { waitFor } from '@ackline/testkit/wait-for';
import { readStored, countStored } from '../faults/fault-ledger.ts';
import { type Attempt, isAccepted, type PacedLoad, startPacedLoad } from '../paced-load.ts';
import { percentile } from '../telegram-load.ts';
import { ingressUrl } from './settings.ts';
import type { Stage } from './stage.ts';

/** The ingress host, as providers call it; both are of k8s/local/values.yaml. */
export const HOST = 'hooks.example.com';
export const GATEWAY_HOST = 'gateway.example.com';
const SOURCE = 'telegram';
const PATH = '/webhook/telegram';

export interface LoadOptions {
  readonly rate: number;
  /** Requests that are not answered 2xx are sent again, as providers do. Default: no. */
  readonly resends?: boolean;
}

/** What became of one load, counted by id. */
export interface LoadLedger {
  readonly requests: number;
  readonly failed: readonly Attempt[];
  readonly accepted: number;
  /** Accepted and not stored: must be 0. */
  readonly lost: number;
  readonly storedTwice: number;
  readonly fromKafka: number;
  readonly fromInbox: number;
  /** Accepted and not at the receiver's pod: must be 0. */
  readonly undelivered: number;
  /** Updates that arrived behind a later one of their chat, though that one was sent only after their own answer. */
  readonly outOfOrder: number;
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
  readonly ackMaxMs: number;
}

/** A load through the ingress host. Its disposal ends it, for a test that fails. */
export interface ClusterLoad extends AsyncDisposable {
  readonly load: PacedLoad;
  /** Resolves once so many more were accepted: whatever was done before it is served through. */
  acceptMore(count: number): Promise<void>;
  /** Resolves once so many more are stored than now. */
  storeMore(count: number): Promise<void>;
  /** Ends the load, waits until what it got accepted is stored and delivered, and counts. */
  settle(): Promise<LoadLedger>;
}

const CHATS = 40;
const MORE_LIMIT_MS = 120_000;
const SETTLE_LIMIT_MS = 300_000;
const PATIENCE_MS = 60_000;

let nextId = 700_000_000;

export function startClusterLoad(stage: Stage, { rate, resends = false }: LoadOptions): ClusterLoad {
  const firstId = nextId;
  const load = startPacedLoad({
    url: `${ingressUrl()}${PATH}`,
    host: HOST,
    token: stage.secrets['telegram'] ?? '',
    firstId,
    rate,
    chats: CHATS,
    resends,
    repeatEvery: 0,
  });
  return {
    load,
    async acceptMore(count) {
      const wanted = load.accepted.size + count;
      await waitFor(() => load.accepted.size >= wanted, {
        timeoutMs: MORE_LIMIT_MS,
        what: `${count} more accepted requests`,
      });
    },
    async storeMore(count) {
      await stage.withDatabase(async url => {
        const stored = () => countStored(url, SOURCE, { firstId, endId: load.nextId });
        const wanted = (await stored()) + count;
        await waitFor(async () => (await stored()) >= wanted, {
          timeoutMs: MORE_LIMIT_MS,
          what: `${count} more stored updates`,
        });
      });
    },
    async settle() {
      await load.finish(PATIENCE_MS);
      ({ nextId } = load);
      return count(stage, load, firstId);
    },
    [Symbol.asyncDispose]: () => load.finish(0),
  };
}

async function count(stage: Stage, load: PacedLoad, firstId: number): Promise<LoadLedger> {
  const stored = await stage.withDatabase(async url => {
    const range = { firstId, endId: load.nextId };
    const isStored = async () => (await countStored(url, SOURCE, range)) >= load.accepted.size;
    // Too few after all that time: then the counts below say how many are lost.
    await waitFor(isStored, { timeoutMs: SETTLE_LIMIT_MS, what: 'all to be stored' }).catch(() => undefined);
    return readStored(url, SOURCE, firstId);
  });
  const arrived = await arrivedOf(stage, load, firstId);
  const latencies = load.attempts.filter(({ status }) => isAccepted(status)).map(({ ms }) => ms);
  return {
    requests: load.attempts.length,
    failed: load.attempts.filter(({ status }) => !isAccepted(status)),
    accepted: load.accepted.size,
    lost: load.accepted.difference(stored.ids).size,
    storedTwice: stored.twice,
    fromKafka: stored.fromKafka,
    fromInbox: stored.fromInbox,
    ...arrived,
    ackP50Ms: percentile(latencies, 0.5),
    ackP99Ms: percentile(latencies, 0.99),
    ackMaxMs: Math.max(...latencies),
  };
}

async function arrivedOf(
  stage: Stage,
  { accepted, attempts }: PacedLoad,
  firstId: number,
): Promise<Pick<LoadLedger, 'undelivered' | 'outOfOrder'>> {
  let missing = accepted;
  let chats: readonly (readonly number[])[] = [];
  const isThere = async () => {
    const { byChat } = await stage.arrivals();
    chats = Object.values(byChat).map(ids => ids.filter(id => id >= firstId));
    missing = accepted.difference(new Set(chats.flat()));
    return missing.size === 0;
  };
  await waitFor(isThere, { timeoutMs: SETTLE_LIMIT_MS, what: 'all to arrive' }).catch(() => undefined);
  const times = new Map(
    attempts.map(({ updateId, dueAt, ms }) => [updateId, { dueAt, answeredAt: dueAt + ms }]),
  );
  return { undelivered: missing.size, outOfOrder: chats.reduce((sum, ids) => sum + lateOnes(ids, times), 0) };
}

type Times = ReadonlyMap<number, { readonly dueAt: number; readonly answeredAt: number }>;

/** Repeats aside: at least once means that an update may come again behind later ones. */
function lateOnes(arrivals: readonly number[], times: Times): number {
  const order = [...new Set(arrivals)];
  const isBefore = (id: number, other: number): boolean =>
    (times.get(id)?.answeredAt ?? Number.POSITIVE_INFINITY) < (times.get(other)?.dueAt ?? 0);
  return order.filter((id, index) => order.slice(0, index).some(other => other > id && isBefore(id, other)))
    .length;
}

/** For a report: what was not answered 2xx, when (seconds since the first request), and with what. */
export function describeFailures({ failed }: LoadLedger, attempts: readonly Attempt[]): string {
  const startedAt = Math.min(...attempts.map(({ dueAt }) => dueAt));
  const lines = failed
    .slice(0, 20)
    .map(
      ({ status, dueAt, ms }) =>
        `${((dueAt - startedAt) / 1_000).toFixed(2)} s: ${status ?? 'no answer'} after ${ms.toFixed(0)} ms`,
    );
  return lines.join('\n');
}

/** How many, and of what was not answered 2xx by which status. */
function describeStatuses(failed: readonly Attempt[]): string {
  const byStatus = Map.groupBy(failed, ({ status }) => status ?? 'no answer');
  const parts = [...byStatus].map(([status, attempts]) => `${status}: ${attempts.length}`);
  return parts.length === 0 ? '0' : `${failed.length} (${parts.join(', ')})`;
}

export function ledgerFigures(ledger: LoadLedger): Readonly<Record<string, string | number>> {
  const { ackP50Ms, ackP99Ms, ackMaxMs } = ledger;
  return {
    requests: ledger.requests,
    'failed requests': describeStatuses(ledger.failed),
    accepted: ledger.accepted,
    'accepted − stored': ledger.lost,
    'stored twice': ledger.storedTwice,
    'from Kafka / from the inbox': `${ledger.fromKafka} / ${ledger.fromInbox}`,
    'accepted − delivered': ledger.undelivered,
    'out of order within a chat': ledger.outOfOrder,
    'ack p50 / p99 / longest, ms': [ackP50Ms, ackP99Ms, ackMaxMs].map(ms => ms.toFixed(0)).join(' / '),
  };
}
