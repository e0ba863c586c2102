// The load generator, a process of its own: `node load-client.ts '<LoadPlan>'` prints a LoadResult.
//
// Raw sockets and one prepared request: it costs a fraction of what any of the measured programs do.
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createAnswerReader } from './answer-reader.ts';
import { createSample } from './latency-sample.ts';
import type { LoadPlan, LoadResult } from './load-plan.ts';
import { usageOf } from './process-usage.ts';
import { createWireRequest } from './wire-request.ts';

/** A broken connection is opened again after this long: a dead server costs no busy loop. */
const RECONNECT_MS = 50;
/** Answers to the last requests may still come after the load has ended. */
const LAST_ANSWERS_MS = 2_000;

interface Connection {
  socket: Socket;
  /** When its request was due; null: none is under way. */
  dueAt: number | null;
}

const plan = JSON.parse(process.argv[2] ?? '') as LoadPlan;
console.log(JSON.stringify(await runLoad(plan)));
process.exit(0); // whatever the server still holds open

async function runLoad(options: LoadPlan): Promise<LoadResult> {
  const { ratePerS } = options;
  const request = createWireRequest({ host: `127.0.0.1:${options.port}`, bodyBytes: options.bodyBytes });
  const latencies = createSample();
  const lateness = createSample();
  const statuses: Record<string, number> = {};
  const idle: Connection[] = [];
  const due: number[] = [];
  const startedAt = performance.now();
  let scheduled = 0;
  let measuredFrom = Number.POSITIVE_INFINITY;
  let isOver = false;
  let number = options.firstUpdate;
  let ok = 0;
  let notOk = 0;
  let okInAll = 0;

  const send = (connection: Connection, dueAt: number): void => {
    connection.dueAt = dueAt;
    // Copied: the socket may keep the memory until the system takes it.
    connection.socket.write(Buffer.from(request.of(number++)));
  };
  const free = (connection: Connection): void => {
    if (isOver) return;
    if (ratePerS === null) return send(connection, performance.now());
    const dueAt = due.shift();
    if (dueAt === undefined) idle.push(connection);
    else send(connection, dueAt);
  };
  const answered = (connection: Connection, status: number): void => {
    const { dueAt } = connection;
    if (dueAt === null) return;
    connection.dueAt = null;
    if (status === 200) okInAll += 1;
    const now = performance.now();
    // A closed loop counts the answers of the measured time, an open one the requests that were due in it.
    const isCounted = ratePerS === null ? !isOver && now >= measuredFrom : dueAt >= measuredFrom;
    if (!isCounted) return;
    if (status === 200) {
      ok += 1;
      latencies.add(now - dueAt);
    } else {
      notOk += 1;
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  const open = (connection: Connection): void => {
    const reader = createAnswerReader(status => {
      answered(connection, status);
      free(connection);
    });
    connection.socket = connect({ port: options.port, host: '127.0.0.1', noDelay: true });
    connection.socket.on('connect', () => free(connection));
    connection.socket.on('data', chunk => reader.read(chunk));
    connection.socket.on('error', () => undefined); // `close` follows
    connection.socket.on('close', () => {
      answered(connection, 0);
      const at = idle.indexOf(connection);
      if (at >= 0) idle.splice(at, 1);
      if (!isOver) setTimeout(() => open(connection), RECONNECT_MS);
    });
  };
  /** Requests become due at their times, whatever the server does. */
  const schedule = (rate: number): void => {
    const now = performance.now();
    for (;;) {
      const dueAt = startedAt + (scheduled * 1_000) / rate;
      if (dueAt > now) return;
      scheduled += 1;
      if (dueAt >= measuredFrom) lateness.add(now - dueAt);
      const connection = idle.pop();
      if (connection === undefined) due.push(dueAt);
      else send(connection, dueAt);
    }
  };

  const connections = Array.from({ length: options.connections }, () => {
    const connection = { socket: null as unknown as Socket, dueAt: null };
    open(connection);
    return connection;
  });
  const timer = ratePerS === null ? null : setInterval(() => schedule(ratePerS), 1);
  await delay(options.warmUpMs);
  const before = { server: usageOf(options.pid), own: process.cpuUsage() };
  measuredFrom = performance.now();
  await delay(options.measureMs);
  const server = usageOf(options.pid);
  const own = process.cpuUsage(before.own);
  if (ratePerS !== null) schedule(ratePerS); // what became due in the last moment
  const seconds = (performance.now() - measuredFrom) / 1_000;
  isOver = true;
  if (timer !== null) {
    clearInterval(timer);
    await lastAnswers(connections);
  }
  const isUnanswered = (dueAt: number | null): boolean => dueAt !== null && dueAt >= measuredFrom;
  const unanswered =
    due.filter(isUnanswered).length + connections.filter(({ dueAt }) => isUnanswered(dueAt)).length;
  return {
    seconds,
    ok,
    notOk,
    okInAll,
    statuses,
    unanswered: ratePerS === null ? 0 : unanswered,
    p50Ms: latencies.quantile(0.5),
    p99Ms: latencies.quantile(0.99),
    lateP50Ms: lateness.quantile(0.5),
    lateP99Ms: lateness.quantile(0.99),
    cpuMs: server.cpuMs - before.server.cpuMs,
    processes: server.processes,
    rssBytes: server.rssBytes,
    peakRssBytes: server.peakRssBytes,
    clientCpuMs: (own.user + own.system) / 1_000,
    lastUpdate: number,
  };
}

async function lastAnswers(connections: readonly Connection[]): Promise<void> {
  const limit = performance.now() + LAST_ANSWERS_MS;
  while (performance.now() < limit && connections.some(({ dueAt }) => dueAt !== null)) await delay(10);
}
