import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { SpawnedService } from '@ackline/testkit/spawn-service';
import { waitFor } from '@ackline/testkit/wait-for';
import { type CountingReceiver, startCountingReceiver } from '../counting-receiver.ts';
import { type PacedLoad, startPacedLoad } from '../paced-load.ts';
import { createSystem, type System } from '../system.ts';
import { countStored, readStored } from './fault-ledger.ts';
import { type FaultRow, makeRow } from './fault-row.ts';
import type { FaultState } from './fault-states.ts';
import { type IngressWatch, watchIngress } from './ingress-watch.ts';
import { mountSmallDisk, type SmallDisk } from './small-disk.ts';
import type { Stage } from './stage.ts';

export interface FaultRunOptions {
  /** Updates a second; a tenth more goes to the source with `onUndurable: 200`. */
  readonly rate: number;
  /** How long the fault lasts, where the state does not say. */
  readonly seconds: number;
  /** Of the steady load before and after it. */
  readonly calmSeconds: number;
  /** Shortens states that say how long they last. */
  readonly maxSeconds?: number;
  readonly log: (line: string) => void;
}

/** Generous: a drain that never ends is a failure, a slow machine is not. */
const DRAIN_LIMIT_MS = 180_000;
/** A provider goes on for hours; what was not accepted by then is not accepted. */
const RESEND_PATIENCE_MS = 60_000;
const POLL_MS = 250;
const CHATS = 400;
const REPEAT_EVERY = 10;
const BREAKER_SECONDS = 5;
const OWN_DISK_MIB = 32;
const PROCESSOR_STOP_MS = 30_000;
/** Ids of one state never meet those of another: the states of a stage share a database. */
const IDS_PER_STATE = 10_000_000;
let nextFirstId = 100_000_000;

interface Run {
  readonly stage: Stage;
  readonly state: FaultState;
  readonly options: FaultRunOptions;
  readonly system: System;
  readonly ingress: IngressWatch;
  readonly receiver: CountingReceiver;
  readonly disk: SmallDisk | null;
  readonly main: PacedLoad;
  readonly lossy: PacedLoad;
  readonly firstId: number;
}

/** Runs one state from start to drain, and counts. A state that this machine can't make is a row that says so. */
export async function runFaultState(
  stage: Stage,
  state: FaultState,
  options: FaultRunOptions,
): Promise<FaultRow | { readonly skipped: string }> {
  await using opened = new AsyncDisposableStack();
  const disk = state.ownDiskFull === true ? await mountSmallDisk(OWN_DISK_MIB) : null;
  if (disk !== null && 'unavailable' in disk) return { skipped: disk.unavailable };
  if (disk !== null) opened.use(disk);
  const receiver = opened.use(await startCountingReceiver());
  const system = opened.use(await openSystem(stage, state, receiver, disk));
  const ingress = opened.use(await watchIngress(system));
  const processor = await system.startProcessor();
  const firstId = nextFirstId;
  nextFirstId += IDS_PER_STATE;
  const load = { firstId, chats: CHATS };
  const main = startPacedLoad({
    ...load,
    url: system.webhookUrl,
    rate: options.rate,
    resends: true,
    repeatEvery: REPEAT_EVERY,
  });
  const lossy = startPacedLoad({
    ...load,
    url: system.lossyUrl,
    rate: options.rate / 10,
    resends: false,
    repeatEvery: 0,
  });
  const run: Run = { stage, state, options, system, ingress, receiver, disk, main, lossy, firstId };
  try {
    return await play(run);
  } finally {
    await Promise.all([main.finish(0), lossy.finish(0)]);
    await stopAll(ingress, processor);
  }
}

function openSystem(
  stage: Stage,
  state: FaultState,
  receiver: CountingReceiver,
  disk: SmallDisk | null,
): Promise<System> {
  return createSystem({
    databaseUrl: stage.databaseUrl,
    brokers: state.withoutKafka === true ? null : stage.brokers,
    receiverUrl: receiver.url,
    breakerSeconds: BREAKER_SECONDS,
    envOf: directory => ({
      REDIS_URL: stage.redisUrl,
      SPOOL_DIR: disk?.directory ?? join(directory, 'spool'),
      // Where the temporary folder is an overlay or memory: what is fsynced there is fsynced all the same.
      SPOOL_DURABILITY: 'ephemeral',
    }),
  });
}

async function play(run: Run): Promise<FaultRow> {
  const { state, options, main, stage } = run;
  await delay(options.calmSeconds * 1_000);
  if (state.whenDrained === true) await drainHeld(run);
  const from = performance.now();
  for (const fault of state.faults) await fault.begin(stage);
  const begun = performance.now();
  main.resume();
  run.lossy.resume();
  await holdFault(run);
  const to = performance.now();
  const heldId = main.nextId;
  for (const fault of state.faults) await fault.end(stage);
  const mendedAt = performance.now();
  await run.disk?.free();
  const drainedAt = untilStored(run, heldId).then(() => performance.now());
  drainedAt.catch(() => undefined);
  await delay(options.calmSeconds * 1_000);
  await Promise.all([main.finish(RESEND_PATIENCE_MS), run.lossy.finish(0)]);
  const drainMs = await drainedAt.then(
    at => at - mendedAt,
    () => null,
  );
  const finishedAt = performance.now();
  await untilStored(run, main.nextId).catch(() => undefined); // what is missing is counted in the row
  const settleMs = performance.now() - finishedAt;
  await untilDelivered(run).catch(() => undefined);
  return await count(run, { calmUntil: from, from: begun, to }, { drainMs, settleMs });
}

/** While the fault lasts: kills and the full disk of the ingress's own. */
async function holdFault({ state, options, ingress, disk }: Run): Promise<void> {
  const wanted = Math.max(state.seconds ?? 0, options.seconds);
  const seconds = Math.min(wanted, options.maxSeconds ?? wanted);
  const kills = state.ingressKills ?? 0;
  const steps = kills + 1;
  for (let step = 0; step < kills; step += 1) {
    await delay((seconds * 1_000) / steps);
    await ingress.killAndRestart();
  }
  if (disk === null) return delay((seconds * 1_000) / steps);
  await delay(seconds * 500);
  await disk.fill();
  await delay(seconds * 500);
}

async function drainHeld(run: Run): Promise<void> {
  const { main, lossy } = run;
  main.hold();
  lossy.hold();
  await waitFor(() => main.inFlight + lossy.inFlight === 0, { what: 'the answers under way' });
  await untilStored(run, main.nextId);
  await untilStored(run, lossy.nextId, { source: 'lossy', load: lossy });
}

/** Waits until as many updates below `endId` are stored as were accepted. */
async function untilStored(
  { stage, main, firstId }: Run,
  endId: number,
  { source, load } = { source: 'telegram', load: main },
): Promise<void> {
  const deadline = performance.now() + DRAIN_LIMIT_MS;
  while (performance.now() < deadline) {
    const accepted = [...load.accepted].filter(id => id < endId).length;
    const stored = await countStored(stage.postgres.url, source, { firstId, endId }).catch(() => -1);
    if (stored >= accepted) return;
    await delay(POLL_MS);
  }
  throw new Error('the drain did not end');
}

async function untilDelivered({ main, receiver }: Run): Promise<void> {
  const done = () => [...main.accepted].every(id => receiver.counts.has(id));
  await waitFor(done, { timeoutMs: DRAIN_LIMIT_MS, what: 'the deliveries' });
}

async function count(
  run: Run,
  window: { readonly calmUntil: number; readonly from: number; readonly to: number },
  times: Pick<FaultRow, 'drainMs' | 'settleMs'>,
): Promise<FaultRow> {
  const { stage, main, lossy, ingress, receiver, firstId, state } = run;
  const counts = await ingress.counts();
  return makeRow({
    state,
    window,
    ...times,
    main,
    lossy,
    stored: await readStored(stage.postgres.url, 'telegram', firstId),
    storedLossy: await readStored(stage.postgres.url, 'lossy', firstId),
    counts,
    delivered: receiver.counts,
    output: ingress.output(),
  });
}

async function stopAll(ingress: IngressWatch, processor: SpawnedService): Promise<void> {
  const stopped = Promise.all([ingress.stop(), processor.stop('SIGTERM')]);
  await Promise.race([stopped, delay(PROCESSOR_STOP_MS, undefined, { ref: false })]);
}
