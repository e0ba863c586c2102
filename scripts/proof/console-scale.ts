import { freemem, loadavg, totalmem } from 'node:os';
import {
  type ConsoleScaleFigures,
  type LiveRound,
  runConsoleScale,
} from '../../proofs/src/console-scale/run-console-scale.ts';
import { percentile } from '../../proofs/src/telegram-load.ts';
import type { ProofArguments, ProofCommand } from './proof-command.ts';

/** The console's calls on millions of rows, and its live stream beside live webhooks. Figures: docs/proofs/console.md. */
export const consoleScale: ProofCommand = { docker: false, run };

const EVENTS = 5_000_000;
const PARKED = 1_000_000;
const CALLS = 25;
const RATE = 100;
const ROUND_S = 20;
const ROUNDS = 12;
/** What is promised. */
const MAX_CALL_MS = 300;
const MAX_RATIO = 1.1;

async function run(args: ProofArguments): Promise<boolean> {
  const has = (part: string) => args.only === null || args.only.includes(part);
  const figures = await runConsoleScale({
    events: EVENTS,
    parked: PARKED,
    calls: CALLS,
    rate: args.rate ?? RATE,
    roundSeconds: args.seconds ?? ROUND_S,
    rounds: has('live') ? ROUNDS : 0,
    log: line => console.error(`${line}, load ${loadavg()[0]?.toFixed(1)}`),
  });
  const gib = (bytes: number) => (bytes / 2 ** 30).toFixed(1);
  console.log(
    `${EVENTS} events, ${PARKED} parked, ${gib(figures.databaseBytes)} GiB, filled in ${figures.fillSeconds.toFixed(0)} s; ` +
      `load ${loadavg()[0]?.toFixed(1)}, ${gib(freemem())} of ${gib(totalmem())} GiB free`,
  );
  print(figures);
  const broken = [...judgeCalls(figures), ...judgePlans(figures), ...judgeLive(figures.rounds)];
  console.log(broken.length === 0 ? 'kept' : `BROKEN: ${broken.join('; ')}`);
  return broken.length === 0;
}

function print({ calls, plans, rounds, followed }: ConsoleScaleFigures): void {
  console.log('| call | p50 ms | max ms | bytes |\n| --- | ---: | ---: | ---: |');
  for (const { name, p50Ms, maxMs, bytes } of calls)
    console.log(`| ${name} | ${p50Ms.toFixed(0)} | ${maxMs.toFixed(0)} | ${bytes} |`);
  console.log('\n| look | ms | by |\n| --- | ---: | --- |');
  for (const { name, ms, indexes, whole } of plans)
    console.log(
      `| ${name} | ${ms.toFixed(1)} | ${[...indexes, ...whole.map(table => `ALL OF ${table}`)].join(', ')} |`,
    );
  if (rounds.length === 0) return;
  console.log('\n| round | answers | p50 ms | p99 ms |\n| --- | ---: | ---: | ---: |');
  for (const { followed: isFollowed, times } of rounds)
    console.log(
      `| ${isFollowed ? 'ten follow' : 'nobody follows'} | ${times.length} | ${of([times], 0.5).toFixed(1)} | ${of([times], 0.99).toFixed(1)} |`,
    );
  const without = timesOf(rounds, false);
  const [odd, even] = [without.filter((_, n) => n % 2 === 0), without.filter((_, n) => n % 2 === 1)];
  console.log(
    `p99 of all answers: ${of(without, 0.99).toFixed(1)} ms without, ${of(timesOf(rounds, true), 0.99).toFixed(1)} with; ` +
      `without against itself ${(of(odd, 0.99) / of(even, 0.99)).toFixed(2)}; followers saw ${followed.seen} of ${followed.accepted}`,
  );
}

function judgeCalls({ calls }: ConsoleScaleFigures): readonly string[] {
  return calls
    .filter(({ maxMs }) => maxMs > MAX_CALL_MS)
    .map(({ name, maxMs }) => `${name} took ${maxMs.toFixed(0)} ms`);
}

function judgePlans({ plans }: ConsoleScaleFigures): readonly string[] {
  return plans
    .filter(({ whole }) => whole.length > 0)
    .map(({ name, whole }) => `${name} reads all of ${whole.join(', ')}`);
}

function judgeLive(rounds: readonly LiveRound[]): readonly string[] {
  if (rounds.length === 0) return [];
  const ratio = of(timesOf(rounds, true), 0.99) / of(timesOf(rounds, false), 0.99);
  return ratio > MAX_RATIO ? [`p99 with ten followers is ${ratio.toFixed(2)} times that without`] : [];
}

const timesOf = (rounds: readonly LiveRound[], followed: boolean) =>
  rounds.filter(round => round.followed === followed).map(({ times }) => times);

/** The quantile of the answers of some rounds together. */
const of = (rounds: readonly (readonly number[])[], quantile: number) =>
  percentile(
    rounds.flat().sort((a, b) => a - b),
    quantile,
  );
