// Three processors under steady load: a fourth comes and goes, so that the group is rebalanced every few seconds, and one of
// the three is killed every ten.
import { setTimeout as delay } from 'node:timers/promises';
import { startKafka } from '@ackline/testkit/containers';
import { createTestDatabase } from '@ackline/testkit/database';
import type { SpawnedService } from '@ackline/testkit/spawn-service';
import { waitFor } from '@ackline/testkit/wait-for';
import { startCountingReceiver } from '../counting-receiver.ts';
import { isDrained } from '../ledger.ts';
import { isAccepted, startPacedLoad } from '../paced-load.ts';
import { createSystem, RETRY_SCHEDULE, type System } from '../system.ts';
import { type DeliveryLedger, takeDeliveryLedger } from './delivery-ledger.ts';
import { watchLanes } from './lane-watch.ts';

export interface ProcessorsOptions {
  readonly seconds: number;
  /** Updates a second. */
  readonly rate: number;
}

export interface ProcessorsFigures extends DeliveryLedger {
  readonly accepted: number;
  /** Accepted updates that the provider sent once more. */
  readonly repeats: number;
  readonly kills: number;
  /** Of the fourth processor: each is a rebalance, beside those of the kills and restarts. */
  readonly joins: number;
  readonly leaves: number;
  readonly laneChanges: number;
  /** Requests that were not accepted at once, and the longest time to an answer. */
  readonly refused: number;
  readonly slowestAckMs: number;
  /** From the last restart, or the last request if that was later, until nothing was open any more. */
  readonly drainMs: number;
  readonly broken: readonly string[];
}

const PROCESSORS = 3;
const REBALANCE_EVERY_MS = 5_000;
const KILL_EVERY_MS = 10_000;
const FIRST_ID = 100_000_000;
const CHATS = 200;
const REPEAT_EVERY = 20;
/** Of a hundred updates so many fail at their first try: the schedule has something to do. */
const FAILING_PERCENT = 3;
/** So that a processor that is killed has attempts under way. */
const ANSWER_MS = 100;
/** What one has accepted the other does not know of: half of the repeats get as far as the processors. */
const INGRESS_PROCESSES = 2;
const PATIENCE_MS = 60_000;
const DRAIN_LIMIT_MS = 300_000;

export async function runProcessors(options: ProcessorsOptions): Promise<ProcessorsFigures> {
  await using stack = new AsyncDisposableStack();
  const database = await createTestDatabase();
  stack.defer(() => database.close());
  const kafka = stack.use(await startKafka());
  const receiver = stack.use(
    await startCountingReceiver({
      statusOf: (id, count) => (id % 100 < FAILING_PERCENT && count === 1 ? 503 : 200),
      delayMs: ANSWER_MS,
    }),
  );
  const system = stack.use(
    await createSystem({
      databaseUrl: database.url,
      brokers: kafka.brokers,
      receiverUrl: receiver.url,
      envOf: () => ({ INGRESS_PROCESSES: String(INGRESS_PROCESSES) }),
    }),
  );
  await system.startIngress();
  const processors = await Promise.all(Array.from({ length: PROCESSORS }, () => system.startProcessor()));
  const lanes = stack.use(watchLanes(database.url));
  const load = startPacedLoad({
    url: system.webhookUrl,
    firstId: FIRST_ID,
    rate: options.rate,
    chats: CHATS,
    resends: true,
    repeatEvery: REPEAT_EVERY,
  });
  const until = performance.now() + options.seconds * 1_000;
  const [kills, { joins, leaves }] = await Promise.all([
    killInTurn(system, processors, until),
    comeAndGo(system, until),
  ]);
  await load.finish(PATIENCE_MS);
  const from = performance.now();
  const drained = await waitFor(() => isDrained(database.url, load.accepted.size), {
    timeoutMs: DRAIN_LIMIT_MS,
  }).then(
    () => true,
    () => false,
  );
  const drainMs = performance.now() - from;
  const figures = {
    accepted: load.accepted.size,
    repeats: load.attempts.filter(({ kind }) => kind === 'repeat').length,
    kills,
    joins,
    leaves,
    laneChanges: lanes.changes,
    drainMs,
    refused: load.attempts.filter(({ status }) => !isAccepted(status)).length,
    slowestAckMs: load.attempts.reduce((most, { ms }) => Math.max(most, ms), 0),
    ...(await takeDeliveryLedger(database.url, load.accepted, receiver)),
  };
  return { ...figures, broken: brokenBy(figures, { ...options, drained }) };
}

/** `kill -9`, and another one at once. */
async function killInTurn(system: System, processors: SpawnedService[], until: number): Promise<number> {
  let kills = 0;
  for (let next = performance.now() + KILL_EVERY_MS; next < until; next += KILL_EVERY_MS) {
    await delay(Math.max(0, next - performance.now()));
    const index = kills % processors.length;
    await processors[index]?.stop('SIGKILL');
    kills += 1;
    processors[index] = await system.startProcessor();
  }
  return kills;
}

/** A fourth processor joins the group, and leaves it again. */
async function comeAndGo(system: System, until: number): Promise<{ joins: number; leaves: number }> {
  let joins = 0;
  let leaves = 0;
  let fourth: SpawnedService | null = null;
  for (let next = performance.now() + REBALANCE_EVERY_MS; next < until; next += REBALANCE_EVERY_MS) {
    await delay(Math.max(0, next - performance.now()));
    if (fourth === null) {
      fourth = await system.startProcessor();
      joins += 1;
    } else {
      await fourth.stop('SIGTERM');
      fourth = null;
      leaves += 1;
    }
  }
  return { joins, leaves };
}

function brokenBy(
  figures: Omit<ProcessorsFigures, 'broken'>,
  { seconds, drained }: ProcessorsOptions & { readonly drained: boolean },
): readonly string[] {
  const { lost, storedTwice, undelivered, again, aboveSchedule, states, deliveredOutOfOrder } = figures;
  const others = Object.keys(states).filter(state => state !== 'delivered');
  const turns = Math.floor((seconds * 1_000) / REBALANCE_EVERY_MS) - 1;
  return [
    ...(drained ? [] : ['it was not drained in time']),
    ...(lost > 0 ? [`${lost} accepted and not stored`] : []),
    ...(storedTwice > 0 ? [`${storedTwice} stored twice`] : []),
    ...(undelivered > 0 ? [`${undelivered} accepted and not delivered`] : []),
    ...(others.length > 0 ? [`deliveries that are ${others.join(', ')}`] : []),
    ...(again.unexplained > 0 ? [`${again.unexplained} requests without an outcome or an interruption`] : []),
    ...(aboveSchedule > 0 ? [`${aboveSchedule} with more than ${RETRY_SCHEDULE.length + 1} outcomes`] : []),
    ...(deliveredOutOfOrder > 0 ? [`${deliveredOutOfOrder} delivered in another order than stored`] : []),
    ...(figures.kills === 0 ? ['no processor was killed'] : []),
    ...(figures.joins + figures.leaves < turns / 2 ? ['the group was hardly rebalanced'] : []),
  ];
}
