import { setTimeout as delay } from 'node:timers/promises';
import { startPostgres } from '@ackline/testkit/containers';
import { waitFor } from '@ackline/testkit/wait-for';
import { migrate } from '@ackline/store/migrate';
import { ackline } from './ackline.ts';
import { ACKLINE, fixedRateShape, type Session } from './session.ts';
import type { LoadResult } from './load-plan.ts';
import { runLoad } from './load-run.ts';
import { type Program, type RunningProgram, startProgram } from './program.ts';
import { usageOf } from './process-usage.ts';

/** Ten failed batches open the breaker; each costs one deadline at most. */
const BREAKER_LIMIT_MS = 60_000;
const BROKER_LIMIT_MS = 60_000;
const HEALTH_LIMIT_MS = 5_000;
const HEALTH_EVERY_MS = 50;

/** What is read of it. */
interface Health {
  readonly circuit_breaker?: { readonly status?: string };
  readonly queue?: { readonly size?: number };
}

export interface KafkaDead {
  /** Ackline, in turn: with a living broker, and with a dead one after its breaker has opened. */
  readonly healthy: readonly LoadResult[];
  readonly dead: readonly LoadResult[];
  /** The durable peers with the dead broker, one run each. */
  readonly peers: readonly { readonly name: string; readonly dead: LoadResult }[];
}

/** The broker is killed under a fixed rate. */
export async function kafkaDead(session: Session, durable: readonly Program[]): Promise<KafkaDead> {
  const { options, kafka, numbers } = session;
  const shape = fixedRateShape(options);
  const healthy: LoadResult[] = [];
  const dead: LoadResult[] = [];
  const others: { name: string; dead: LoadResult }[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    const isLast = round === options.rounds;
    await using stack = new AsyncDisposableStack();
    const running = stack.use(await start(session, ackline(ACKLINE)));
    const rest = isLast ? durable.filter(({ name }) => name !== ACKLINE) : [];
    const peers = await Promise.all(
      rest.map(async peer => ({ name: peer.name, running: stack.use(await start(session, peer)) })),
    );
    await runLoad(running, { ...shape, warmUpMs: 0 }, numbers); // warm-up
    healthy.push(await runLoad(running, shape, numbers));
    for (const peer of peers) await runLoad(peer.running, { ...shape, warmUpMs: 0 }, numbers);
    await kafka.kill();
    await openBreaker(session, running);
    dead.push(await runLoad(running, shape, numbers));
    options.say(
      `Kafka dead, round ${round} of ${options.rounds}: p99 ${dead.at(-1)?.p99Ms.toFixed(2)} ms, healthy ${healthy.at(-1)?.p99Ms.toFixed(2)} ms`,
    );
    for (const peer of peers) {
      const result = await runLoad(peer.running, shape, numbers);
      others.push({ name: peer.name, dead: result });
      options.say(
        `Kafka dead, ${peer.name}: ${result.ok} 200s, ${result.notOk} others, ${result.unanswered} unanswered`,
      );
    }
    await kafka.start();
  }
  return { healthy, dead, peers: others };
}

/** Follows `queue.size` of `/health`. */
function watchQueue(port: number): { stop(): Promise<number> } {
  let most = 0;
  let isOver = false;
  const watch = async (): Promise<void> => {
    while (!isOver) {
      // A process that is too busy to answer is asked again.
      const health: Health = await readHealth(port).catch(() => ({}));
      most = Math.max(most, health.queue?.size ?? 0);
      await delay(HEALTH_EVERY_MS);
    }
  };
  const watching = watch();
  return {
    async stop() {
      isOver = true;
      await watching;
      return most;
    },
  };
}

async function readHealth(port: number): Promise<Health> {
  const response = await fetch(`http://127.0.0.1:${port}/health`, {
    signal: AbortSignal.timeout(HEALTH_LIMIT_MS),
  });
  return (await response.json()) as Health;
}

/** Load until `/health` says that the breaker is open. */
async function openBreaker({ options, numbers }: Session, running: RunningProgram): Promise<void> {
  await waitFor(
    async () => {
      await runLoad(running, { ...fixedRateShape({ ...options, seconds: 1 }), warmUpMs: 0 }, numbers);
      return (await readHealth(running.port)).circuit_breaker?.status === 'OPEN';
    },
    { timeoutMs: BREAKER_LIMIT_MS, what: 'the breaker of Kafka to open' },
  );
}

async function start(session: Session, program: Program): Promise<RunningProgram> {
  const preparation = await program.prepare(session.options.cacheDirectory);
  if (preparation.kind === 'unavailable') throw new Error(`${program.name}: ${preparation.reason}`);
  // A broker that was just started again may not serve yet.
  return waitFor(() => startProgram(preparation.plan, session.stage), {
    timeoutMs: BROKER_LIMIT_MS,
    what: `${program.name} to start`,
  });
}

export interface FullBuffer {
  /** After the usual load at the fixed rate. */
  readonly beforeRssBytes: number;
  readonly peakRssBytes: number;
  /** Events in the buffers at the most, of those times when /health was asked. */
  readonly mostBuffered: number;
  readonly connections: number;
  readonly bodyBytes: number;
  readonly answers: LoadResult;
}

/** With the bodies under it more than the 64 MiB that the buffer before a log may hold. */
const FULL_CONNECTIONS = 1_500;
const FULL_BODY_BYTES = 48 * 1_024;

/** Kafka and PostgreSQL stand still: what was sent waits in the buffers until its deadline. */
export async function fullBuffer(session: Session): Promise<FullBuffer> {
  const { options, kafka, numbers } = session;
  await using stack = new AsyncDisposableStack();
  const postgres = stack.use(await startPostgres());
  await migrate(postgres.url);
  const stage = { ...session.stage, databaseUrl: postgres.url };
  const running = stack.use(await start({ ...session, stage }, ackline(ACKLINE)));
  const usual = await runLoad(running, fixedRateShape(options), numbers);
  await kafka.pause();
  stack.defer(() => kafka.unpause());
  await postgres.pause();
  stack.defer(() => postgres.unpause());
  const queue = watchQueue(running.port);
  const answers = await runLoad(
    running,
    {
      connections: FULL_CONNECTIONS,
      bodyBytes: FULL_BODY_BYTES,
      warmUpMs: 0,
      measureMs: options.seconds * 1_000,
      ratePerS: null,
    },
    numbers,
  );
  const figures = {
    beforeRssBytes: usual.rssBytes,
    peakRssBytes: usageOf(running.pid).peakRssBytes,
    mostBuffered: await queue.stop(),
    connections: FULL_CONNECTIONS,
    bodyBytes: FULL_BODY_BYTES,
    answers,
  };
  options.say(
    `full buffer: ${(figures.beforeRssBytes / 1e6).toFixed(0)} MB before, ${(figures.peakRssBytes / 1e6).toFixed(0)} MB at the most`,
  );
  return figures;
}
