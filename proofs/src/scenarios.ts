import { migrate } from '@ackline/store/migrate';
import { createTestDatabase } from '@ackline/testkit/database';
import { type KafkaContainer, startKafka, startPostgres } from '@ackline/testkit/containers';
import { waitFor } from '@ackline/testkit/wait-for';
import { startCountingReceiver } from './counting-receiver.ts';
import { isDrained, type Ledger, takeLedger } from './ledger.ts';
import { createSystem, type System } from './system.ts';
import { type LoadOptions, percentile, type Sent, sendUpdates } from './telegram-load.ts';

/** Generous: a drain that never ends is a failure, a slow machine is not. */
const DRAIN_LIMIT_MS = 600_000;

export interface Figures extends Ledger {
  /** Named milliseconds and counts of the run, for the report. */
  readonly measured: Readonly<Record<string, number>>;
}

interface Stage {
  readonly system: System;
  readonly kafka: KafkaContainer;
  readonly send: (options: Omit<LoadOptions, 'url'>) => Promise<readonly Sent[]>;
  /** Waits until everything that was accepted is through, and counts. */
  readonly settle: (sent: readonly Sent[]) => Promise<{ ledger: Ledger; drainMs: number }>;
}

async function onStage<T>(run: (stage: Stage) => Promise<T>, breakerSeconds = 60): Promise<T> {
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
      breakerSeconds,
    }),
  );
  return await run({
    system,
    kafka,
    send: options => sendUpdates({ ...options, url: system.webhookUrl }),
    async settle(sent) {
      const from = performance.now();
      const accepted = new Set(
        sent.filter(request => request.status === 200).map(request => request.updateId),
      ).size;
      await waitFor(() => isDrained(database.url, accepted), {
        timeoutMs: DRAIN_LIMIT_MS,
        what: 'the drain',
      });
      return { ledger: await takeLedger(database.url, sent, receiver), drainMs: performance.now() - from };
    },
  });
}

/** Full speed; the processor is killed after a third and after two thirds of the events, and started again. */
export function processorKilledTwice(options: { events: number }): Promise<Figures> {
  return onStage(async ({ system, send, settle }) => {
    await system.startIngress();
    let processor = await system.startProcessor();
    const kills = [Math.floor(options.events / 3), Math.floor((options.events * 2) / 3)];
    const restarts: Promise<void>[] = [];
    const restart = async () => {
      await processor.stop('SIGKILL');
      processor = await system.startProcessor();
    };
    const from = performance.now();
    const sent = await send({
      events: options.events,
      chats: 512,
      senders: 64,
      rate: null,
      resends: 0,
      onProgress: acked => {
        if (acked >= (kills[0] ?? Number.POSITIVE_INFINITY)) {
          kills.shift();
          restarts.push((restarts.at(-1) ?? Promise.resolve()).then(restart));
        }
      },
    });
    const sendMs = performance.now() - from;
    await Promise.all(restarts);
    const { ledger, drainMs } = await settle(sent);
    const latencies = sent.map(request => request.ms);
    return {
      ...ledger,
      measured: {
        kills: restarts.length,
        sendMs,
        drainMs,
        ackP50Ms: percentile(latencies, 0.5),
        ackP99Ms: percentile(latencies, 0.99),
      },
    };
  });
}

/** Steady load; the broker is killed after a third of it, and started again after two thirds. */
export function brokerKilled(options: { events: number; rate: number }): Promise<Figures> {
  const breakerSeconds = 2;
  return onStage(async ({ system, kafka, send, settle }) => {
    await system.startIngress();
    await system.startProcessor();
    const down = { from: Number.NaN, to: Number.NaN };
    const faults: Promise<void>[] = [];
    const from = performance.now();
    const onProgress = (acked: number) => {
      if (acked === Math.floor(options.events / 3)) {
        faults.push(kafka.kill().then(() => void (down.from = performance.now() - from)));
      }
      if (acked === Math.floor((options.events * 2) / 3)) {
        down.to = performance.now() - from;
        faults.push(kafka.start());
      }
    };
    const sent = await send({ ...options, chats: 256, senders: 64, resends: 20, onProgress });
    await Promise.all(faults);
    const { ledger, drainMs } = await settle(sent);
    const whileDown = sent.filter(request => request.at >= down.from && request.at < down.to);
    const healthy = sent.filter(request => request.at < down.from);
    const metrics = await system.processorMetrics();
    return {
      ...ledger,
      measured: {
        downMs: down.to - down.from,
        requestsWhileDown: whileDown.length,
        refusedWhileDown: whileDown.filter(request => request.status !== 200).length,
        ackP99HealthyMs: percentile(
          healthy.map(request => request.ms),
          0.99,
        ),
        ackP50DownMs: percentile(
          whileDown.map(request => request.ms),
          0.5,
        ),
        ackP99DownMs: percentile(
          whileDown.map(request => request.ms),
          0.99,
        ),
        ackMaxDownMs: Math.max(...whileDown.map(request => request.ms)),
        orderUncertain: metricValue(metrics, 'ackline_order_uncertain_total'),
        drainMs,
      },
    };
  }, breakerSeconds);
}

/** Events are accepted before any processor has ever run. */
export function lateProcessor(options: { events: number }): Promise<Figures> {
  return onStage(async ({ system, send, settle }) => {
    await system.startIngress();
    const sent = await send({ events: options.events, chats: 100, senders: 16, rate: null, resends: 0 });
    await system.startProcessor();
    const { ledger, drainMs } = await settle(sent);
    return { ...ledger, measured: { drainMs } };
  });
}

/** No Kafka; PostgreSQL is killed after a third of the events and started again: the sender resends, as providers do. */
export async function postgresKilled(options: { events: number; rate: number }): Promise<Figures> {
  await using stack = new AsyncDisposableStack();
  const postgres = stack.use(await startPostgres());
  await migrate(postgres.url);
  const receiver = stack.use(await startCountingReceiver());
  const system = stack.use(
    await createSystem({ databaseUrl: postgres.url, brokers: null, receiverUrl: receiver.url }),
  );
  await system.startIngress();
  await system.startProcessor();
  const faults: Promise<void>[] = [];
  const sent = await sendUpdates({
    ...options,
    url: system.webhookUrl,
    chats: 64,
    senders: 16,
    resends: 600,
    onProgress: acked => {
      if (acked === Math.floor(options.events / 3)) {
        faults.push(postgres.kill().then(() => postgres.start()));
      }
    },
  });
  await Promise.all(faults);
  const from = performance.now();
  const drained = () => isDrained(postgres.url, options.events);
  await waitFor(drained, { timeoutMs: DRAIN_LIMIT_MS, what: 'the drain' });
  const drainMs = performance.now() - from;
  const ledger = await takeLedger(postgres.url, sent, receiver);
  const refused = sent.filter(request => request.status !== 200).length;
  return { ...ledger, measured: { refused, drainMs } };
}

/** SIGTERM in the middle of full load, requests go on coming. */
export function ingressTerminated(options: { events: number }): Promise<Figures> {
  return onStage(async ({ system, send, settle }) => {
    const ingress = await system.startIngress();
    await system.startProcessor();
    const stop = new AbortController();
    let termAt = Number.NaN;
    const from = performance.now();
    const sending = send({
      events: Number.MAX_SAFE_INTEGER,
      chats: 512,
      senders: 64,
      rate: null,
      resends: 0,
      stop: stop.signal,
      onProgress: acked => {
        if (acked === options.events) {
          termAt = performance.now() - from;
          ingress.kill('SIGTERM');
        }
      },
    });
    const exit = await ingress.exited;
    stop.abort();
    const sent = await sending;
    const { ledger, drainMs } = await settle(sent);
    const after = sent.filter(request => request.at + request.ms >= termAt);
    return {
      ...ledger,
      measured: {
        exitCode: exit.code ?? -1,
        answeredAfterTerm: after.filter(request => request.status === 200).length,
        refusedAfterTerm: after.filter(request => request.status !== 200).length,
        drainMs,
      },
    };
  });
}

function metricValue(text: string, name: string): number {
  const line = text
    .split('\n')
    .find(candidate => candidate.startsWith(`${name}{`) || candidate.startsWith(`${name} `));
  return Number(line?.split(' ').at(-1) ?? Number.NaN);
}
