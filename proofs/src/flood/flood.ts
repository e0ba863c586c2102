// One source flooded, another one quiet. Three kinds of phases take turns: no flood, the flood on another ingress beside this
// one (same machine, Kafka and PostgreSQL: what the flood costs the machine), and the flood on the ingress of the quiet source.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createTestDatabase } from '@ackline/testkit/database';
import { startKafka } from '@ackline/testkit/containers';
import { waitFor } from '@ackline/testkit/wait-for';
import { startCountingReceiver } from '../counting-receiver.ts';
import { readStored } from '../faults/fault-ledger.ts';
import { countOthers } from '../faults/fault-row.ts';
import { type Attempt, isAccepted, type PacedLoadOptions, startPacedLoad } from '../paced-load.ts';
import { createSystem, type System } from '../system.ts';
import { percentile } from '../telegram-load.ts';

export type FloodKind = 'small bodies' | 'large bodies' | 'bad signatures';

export interface FloodOptions {
  readonly kind: FloodKind;
  /** Of the quiet source; the flood has 50 times as much. */
  readonly rate: number;
  readonly phaseSeconds: number;
  /** Phases of each kind. */
  readonly rounds: number;
}

/** Where the flood goes in a phase. */
export const FLOODED = ['nothing', 'another ingress', 'its own ingress'] as const;
export type Flooded = (typeof FLOODED)[number];

export interface Phase {
  readonly flooded: Flooded;
  readonly requests: number;
  readonly accepted: number;
  /** How often each other status came; `none` where no answer came. */
  readonly others: Readonly<Record<string, number>>;
  readonly p50: number;
  readonly p99: number;
}

export interface FloodFigures {
  readonly kind: FloodKind;
  readonly phases: readonly Phase[];
  readonly flood: {
    readonly requests: number;
    readonly accepted: number;
    readonly statuses: Readonly<Record<string, number>>;
  };
  /** Why the ingress refused requests of the quiet source. */
  readonly quietRejects: readonly string[];
  /** Of both sources: with a 2xx and not stored. */
  readonly lost: number;
  /** What is promised and did not hold. */
  readonly broken: readonly string[];
}

const FLOOD_FACTOR = 50;
/** More than an ingress can have of one source at a time, and few enough for the sender's own machine. */
const FLOOD_IN_FLIGHT = 1_000;
const LARGE_TEXT_LENGTH = 24_000;
const FIRST_ID = 100_000_000;
const FLOOD_FIRST_ID = 500_000_000;
const MAX_RATIO = 1.2;
/** Cold code and connections are in nobody's figures. */
const WARM_UP_MS = 12_000;
const SETTLE_MS = 1_000;
const DRAIN_LIMIT_MS = 600_000;

export async function runFlood(options: FloodOptions): Promise<FloodFigures> {
  await using stack = new AsyncDisposableStack();
  const database = await createTestDatabase();
  stack.defer(() => database.close());
  const kafka = stack.use(await startKafka());
  const receiver = stack.use(await startCountingReceiver());
  const start = async (): Promise<System> => {
    const started = stack.use(
      await createSystem({
        databaseUrl: database.url,
        brokers: kafka.brokers,
        receiverUrl: receiver.url,
        envOf: directory => ({ SPOOL_DIR: join(directory, 'spool'), SPOOL_DURABILITY: 'ephemeral' }),
      }),
    );
    await started.startIngress();
    return started;
  };
  const system = await start();
  const another = await start();
  const quiet = startPacedLoad({
    url: system.quietUrl,
    firstId: FIRST_ID,
    rate: options.rate,
    chats: 20,
    resends: false,
    repeatEvery: 0,
  });
  const floods: Flood[] = [];
  await delay(WARM_UP_MS);
  let firstId = FLOOD_FIRST_ID;
  const startNext = (target: System): RunningFlood => startFlood(target, options, (firstId += 1_000_000));
  for (const target of [system, another]) {
    const warming = startNext(target);
    await delay(WARM_UP_MS);
    floods.push(await warming.end());
  }
  const windows: Window[] = [];
  for (let turn = 0; turn < options.rounds * FLOODED.length; turn += 1) {
    const flooded = FLOODED[turn % FLOODED.length] ?? 'nothing';
    const flood = flooded === 'nothing' ? null : startNext(flooded === 'its own ingress' ? system : another);
    await delay(SETTLE_MS);
    const from = performance.now();
    await delay(options.phaseSeconds * 1_000);
    windows.push({ flooded, from, to: performance.now() });
    if (flood !== null) floods.push(await flood.end());
    await delay(SETTLE_MS);
  }
  await quiet.finish(0);
  const quietRejects = (await system.ingressMetrics())
    .split('\n')
    .filter(line => line.startsWith('ackline_ingress_rejects_total') && line.includes('"quiet"'));
  const phases = windows.map(window => describePhase(window, quiet.attempts));
  const lost = await settle(system, database.url, {
    quiet: quiet.accepted,
    flooded: new Set(floods.flatMap(flood => flood.acceptedIds)),
  });
  return { kind: options.kind, phases, flood: sum(floods), quietRejects, lost, broken: judge(phases, lost) };
}

interface Window {
  readonly flooded: Flooded;
  readonly from: number;
  readonly to: number;
}

interface RunningFlood {
  end(): Promise<Flood>;
}

interface Flood {
  readonly requests: number;
  readonly accepted: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly acceptedIds: readonly number[];
}

/** Its sender stands for other machines: it gets what nobody else wants of this one's processors. */
function startFlood(system: System, options: FloodOptions, firstId: number): RunningFlood {
  const load: PacedLoadOptions = {
    url: system.webhookUrl,
    firstId,
    rate: options.rate * FLOOD_FACTOR,
    chats: 500,
    resends: false,
    repeatEvery: 0,
    maxInFlight: FLOOD_IN_FLIGHT,
    ...(options.kind === 'large bodies' ? { textLength: LARGE_TEXT_LENGTH } : {}),
    ...(options.kind === 'bad signatures' ? { token: 'not-the-token-0123456789_abcdefghij' } : {}),
  };
  const path = fileURLToPath(new URL('./flooder.ts', import.meta.url));
  const sender = [process.execPath, path, JSON.stringify(load)];
  const child = spawn('chrt', ['--idle', '0', ...sender], { stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const closed = once(child, 'close');
  return {
    async end() {
      child.kill('SIGTERM');
      await closed;
      return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Flood;
    },
  };
}

function describePhase({ flooded, from, to }: Window, attempts: readonly Attempt[]): Phase {
  const own = attempts.filter(({ dueAt }) => dueAt >= from && dueAt < to);
  const times = own.map(({ ms }) => ms);
  const accepted = own.filter(({ status }) => isAccepted(status)).length;
  return {
    flooded,
    requests: own.length,
    accepted,
    others: countOthers(own),
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
  };
}

/** The processor starts only now: what is measured is the ingress. */
async function settle(
  system: System,
  databaseUrl: string,
  accepted: { readonly quiet: ReadonlySet<number>; readonly flooded: ReadonlySet<number> },
): Promise<number> {
  await system.startProcessor();
  const missing = async (): Promise<number> => {
    const quiet = await readStored(databaseUrl, 'quiet', FIRST_ID);
    const flooded = await readStored(databaseUrl, 'telegram', FIRST_ID);
    return accepted.quiet.difference(quiet.ids).size + accepted.flooded.difference(flooded.ids).size;
  };
  await waitFor(async () => (await missing()) === 0, { timeoutMs: DRAIN_LIMIT_MS }).catch(() => undefined);
  return missing();
}

function sum(floods: readonly Flood[]): FloodFigures['flood'] {
  const statuses: Record<string, number> = {};
  for (const flood of floods) {
    for (const [status, count] of Object.entries(flood.statuses))
      statuses[status] = (statuses[status] ?? 0) + count;
  }
  const requests = floods.reduce((total, flood) => total + flood.requests, 0);
  return { requests, accepted: floods.reduce((total, flood) => total + flood.accepted, 0), statuses };
}

function judge(phases: readonly Phase[], lost: number): readonly string[] {
  const refused = phases.reduce((total, phase) => total + phase.requests - phase.accepted, 0);
  const flooded = median(p99sOf(phases, 'its own ingress'));
  const tooSlow = (beside: Flooded): string => {
    const limit = Math.max(...p99sOf(phases, beside), MAX_RATIO * median(p99sOf(phases, beside)));
    return flooded > limit
      ? `the quiet source's p99 is ${flooded.toFixed(1)} ms in the flood; beside a flood of ${beside}, at most ${limit.toFixed(1)} ms was allowed`
      : '';
  };
  return [
    refused > 0 ? `${refused} requests of the quiet source got no 2xx` : '',
    tooSlow('nothing'),
    tooSlow('another ingress'),
    lost > 0 ? `${lost} updates got a 2xx and are not stored` : '',
  ].filter(line => line !== '');
}

function p99sOf(phases: readonly Phase[], flooded: Flooded): readonly number[] {
  return phases.filter(phase => phase.flooded === flooded).map(({ p99 }) => p99);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}
