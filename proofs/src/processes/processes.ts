// Two ingress processes behind one parent, under load: replaced one by one, told to read their configuration again, killed.
import { setTimeout as delay } from 'node:timers/promises';
import { createTestDatabase } from '@ackline/testkit/database';
import { startKafka } from '@ackline/testkit/containers';
import { waitFor } from '@ackline/testkit/wait-for';
import { startCountingReceiver } from '../counting-receiver.ts';
import { readStored } from '../faults/fault-ledger.ts';
import { isAccepted, startPacedLoad } from '../paced-load.ts';
import { createSystem } from '../system.ts';
import { percentile } from '../telegram-load.ts';
import { childProcesses } from './child-processes.ts';

export interface ProcessStep {
  readonly name: string;
  readonly requests: number;
  readonly accepted: number;
  /** Answered with another status. */
  readonly refused: number;
  /** The connection was refused or reset, or nothing came. */
  readonly cut: number;
  readonly p99: number;
}

export interface ProcessFigures {
  readonly steps: readonly ProcessStep[];
  readonly accepted: number;
  readonly stored: number;
  readonly lost: number;
  readonly storedTwice: number;
  readonly broken: readonly string[];
}

const WORKERS = 2;
const FIRST_ID = 100_000_000;
const ROLL_LIMIT_MS = 120_000;
const DRAIN_LIMIT_MS = 300_000;
const PATIENCE_MS = 60_000;
const REPEAT_EVERY = 20;

export async function runProcesses(options: {
  readonly rate: number;
  /** Of load before and after each step. */
  readonly seconds: number;
}): Promise<ProcessFigures> {
  await using stack = new AsyncDisposableStack();
  const database = await createTestDatabase();
  stack.defer(() => database.close());
  const kafka = stack.use(await startKafka());
  const receiver = stack.use(await startCountingReceiver());
  const system = stack.use(
    await createSystem({
      databaseUrl: database.url,
      brokers: kafka.brokers,
      receiverUrl: receiver.url,
      envOf: () => ({ INGRESS_PROCESSES: String(WORKERS) }),
    }),
  );
  const ingress = await system.startIngress();
  await system.startProcessor();
  const workers = (): Promise<readonly number[]> => childProcesses(ingress.pid);
  const load = startPacedLoad({
    url: system.webhookUrl,
    firstId: FIRST_ID,
    rate: options.rate,
    chats: 200,
    resends: true,
    repeatEvery: REPEAT_EVERY,
  });
  const calm = () => delay(options.seconds * 1_000);
  const steps: ProcessStep[] = [];
  const step = async (name: string, act: () => Promise<void>): Promise<void> => {
    const from = performance.now();
    await act();
    await calm();
    const to = performance.now();
    await waitFor(() => load.inFlight === 0 || performance.now() - to > options.seconds * 1_000);
    const own = load.attempts.filter(({ dueAt }) => dueAt >= from && dueAt < to);
    const accepted = own.filter(({ status }) => isAccepted(status)).length;
    const cut = own.filter(({ status }) => status === null).length;
    const p99 = percentile(
      own.map(({ ms }) => ms),
      0.99,
    );
    steps.push({ name, requests: own.length, accepted, refused: own.length - accepted - cut, cut, p99 });
  };

  await step('nothing', calm);
  await step('SIGUSR2: replaced one by one', async () => {
    const old = await workers();
    ingress.kill('SIGUSR2');
    const replaced = async () => {
      const now = await workers();
      return now.length === WORKERS && now.every(pid => !old.includes(pid));
    };
    await waitFor(replaced, { timeoutMs: ROLL_LIMIT_MS, what: 'all workers to be replaced' });
  });
  await step('SIGHUP: configuration read again', async () => {
    ingress.kill('SIGHUP');
    await calm();
  });
  await step('kill -9 of a worker', async () => {
    const [first] = await workers();
    if (first === undefined) throw new Error('the ingress has no worker');
    process.kill(first, 'SIGKILL');
    const back = async () => {
      const now = await workers();
      return now.length === WORKERS && !now.includes(first);
    };
    await waitFor(back, { timeoutMs: ROLL_LIMIT_MS, what: 'the killed worker to be replaced' });
  });
  await load.finish(PATIENCE_MS);
  const missing = async () =>
    load.accepted.difference((await readStored(database.url, 'telegram', FIRST_ID)).ids).size;
  await waitFor(async () => (await missing()) === 0, { timeoutMs: DRAIN_LIMIT_MS }).catch(() => undefined);
  const stored = await readStored(database.url, 'telegram', FIRST_ID);
  const lost = load.accepted.difference(stored.ids).size;
  return {
    steps,
    accepted: load.accepted.size,
    stored: stored.ids.size,
    lost,
    storedTwice: stored.twice,
    broken: [
      ...steps
        .slice(0, -1)
        .flatMap(({ name, refused, cut }) =>
          refused + cut > 0 ? [`${name}: ${refused} requests not answered 2xx, ${cut} refused or reset`] : [],
        ),
      ...(lost > 0 ? [`${lost} updates got a 2xx and are not stored`] : []),
      ...(stored.twice > 0 ? [`${stored.twice} updates are stored twice`] : []),
    ],
  };
}
