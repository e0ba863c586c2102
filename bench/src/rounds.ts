import type { LoadResult } from './load-plan.ts';
import { type LoadShape, runLoad, type UpdateNumbers } from './load-run.ts';
import { type Meaning, type Program, type RunningProgram, type Stage, startProgram } from './program.ts';

/** A program that runs. */
export interface Contender {
  readonly name: string;
  readonly meaning: Meaning;
  readonly version: string;
  readonly running: RunningProgram;
}

export interface Absentee {
  readonly name: string;
  readonly meaning: Meaning;
  readonly reason: string;
}

export interface Series {
  readonly name: string;
  readonly meaning: Meaning;
  readonly rounds: readonly LoadResult[];
  /** Records that Kafka got by the 200s of all rounds; null: it is not meant to get any, or that was not counted. */
  readonly recordsPer200: number | null;
}

export type Say = (line: string) => void;

/** Installs and starts each; one that can't be had is an absentee with its reason, and no error. */
export async function startContenders(
  programs: readonly Program[],
  options: { readonly stage: Stage; readonly cacheDirectory: string; readonly say: Say },
): Promise<{ contenders: Contender[]; absentees: Absentee[]; stack: AsyncDisposableStack }> {
  const { stage, cacheDirectory, say } = options;
  await using stack = new AsyncDisposableStack();
  const contenders: Contender[] = [];
  const absentees: Absentee[] = [];
  for (const { name, meaning, prepare } of programs) {
    say(`preparing ${name}`);
    const preparation = await prepare(cacheDirectory);
    if (preparation.kind === 'unavailable') {
      const reason = `not measured: ${preparation.reason}`;
      say(`${name} ${reason}`);
      absentees.push({ name, meaning, reason });
      continue;
    }
    try {
      const running = stack.use(await startProgram(preparation.plan, stage));
      contenders.push({ name, meaning, version: preparation.version, running });
    } catch (error) {
      const reason = `installed (${preparation.version}), but does not start: ${error instanceof Error ? error.message : String(error)}`;
      say(`${name} ${reason}`);
      absentees.push({ name, meaning, reason });
    }
  }
  return { contenders, absentees, stack: stack.move() };
}

export interface RoundsOptions {
  readonly what: string;
  readonly rounds: number;
  readonly shape: LoadShape;
  readonly numbers: UpdateNumbers;
  /** Records in Kafka by now. */
  readonly countRecords: ((contender: Contender) => Promise<number>) | null;
  readonly say: Say;
}

/** Compilers and caches of all programs are warm by then. */
const FIRST_WARM_UP_MS = 5_000;

/** A round of warm-up, and then those that count. */
export async function warmRounds(
  contenders: readonly Contender[],
  options: RoundsOptions,
): Promise<Series[]> {
  const { what, shape } = options;
  await interleavedRounds(contenders, {
    ...options,
    what: `${what}, warm-up`,
    rounds: 1,
    shape: { ...shape, measureMs: Math.min(FIRST_WARM_UP_MS, shape.measureMs) },
    countRecords: null,
  });
  return interleavedRounds(contenders, options);
}

/** A B C … A B C …: what the machine does meanwhile meets all of them alike. */
export async function interleavedRounds(
  contenders: readonly Contender[],
  options: RoundsOptions,
): Promise<Series[]> {
  const { what, rounds, shape, numbers, countRecords, say } = options;
  const taken = contenders.map(contender => ({ contender, rounds: [] as LoadResult[], records: 0 }));
  for (let round = 1; round <= rounds; round += 1) {
    for (const series of taken) {
      const { contender } = series;
      const counts = contender.meaning.durable && countRecords !== null;
      const before = counts ? await countRecords(contender) : 0;
      const result = await runLoad(contender.running, shape, numbers);
      if (counts) series.records += (await countRecords(contender)) - before;
      series.rounds.push(result);
      say(`${what}, round ${round} of ${rounds}, ${contender.name}: ${describe(result)}`);
    }
  }
  return taken.map(({ contender, rounds: results, records }) => ({
    name: contender.name,
    meaning: contender.meaning,
    rounds: results,
    recordsPer200:
      contender.meaning.durable && countRecords !== null
        ? records / results.reduce((sum, { okInAll }) => sum + okInAll, 0)
        : null,
  }));
}

function describe(result: LoadResult): string {
  const us = (result.cpuMs * 1_000) / result.ok;
  const others = result.notOk + result.unanswered;
  return `${(result.ok / result.seconds).toFixed(0)} 200s/s, ${us.toFixed(1)} µs CPU each, p50 ${result.p50Ms.toFixed(2)} ms, p99 ${result.p99Ms.toFixed(2)} ms${others > 0 ? `, ${others} others` : ''}`;
}
