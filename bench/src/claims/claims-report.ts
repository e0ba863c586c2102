import { fixed } from '../machine.ts';
import { markdownTable } from '../markdown-table.ts';
import { median, spread } from '../statistics.ts';
import type { ApiCalls } from './api-calls.ts';
import type { BenchJson, BenchPart } from './bench-json.ts';
import type { RunningAckline, SourceName } from './running-ackline.ts';

export interface ClaimFigures {
  readonly startMs: RunningAckline['startMs'];
  /** One of each round. */
  readonly benches: Readonly<Record<SourceName, readonly BenchJson[]>>;
  readonly memory: ReturnType<RunningAckline['memory']>;
  readonly apiCalls: ApiCalls;
}

const MEBIBYTE = 1024 * 1024;

/** What each of the systems before Ackline said of itself, and what `ackline bench` measures of Ackline. */
export function claimsReport(figures: ClaimFigures): string {
  return markdownTable(
    ['system', 'what', 'its own claim', 'measured, median of rounds', 'spread', 'kept'],
    [...answerRows(figures), ...twilioRows(figures), ...otherRows(figures)],
  );
}

type Row = readonly [string, string, string, string, string, 'yes' | 'NO'];

function answerRows({ benches }: ClaimFigures): readonly Row[] {
  const telegram = partOf(benches.telegram);
  const respondio = partOf(benches.respondio);
  const twilio = partOf(benches.twilio);
  const success = benches.respondio.flatMap(({ parts }) => parts.map(part => part.successPercent));
  return [
    timeRow('Telegram API', 'answer, average, one at a time', {
      claim: '< 100 ms',
      ms: telegram('single', 'averageMs'),
      limit: 100,
    }),
    timeRow('Telegram API', 'answer, p99, 50 a second', {
      claim: '< 100 ms',
      ms: telegram('sustained', 'p99Ms'),
      limit: 100,
    }),
    timeRow('respond.io', 'answer, average, one at a time', {
      claim: '< 10 ms',
      ms: respondio('single', 'averageMs'),
      limit: 10,
    }),
    timeRow('respond.io', 'answer, average, 50 a second', {
      claim: '15-45 ms',
      ms: respondio('sustained', 'averageMs'),
      limit: 45,
    }),
    timeRow('respond.io', 'answer, average, 32 at a time', {
      claim: '< 50 ms',
      ms: respondio('concurrent', 'averageMs'),
      limit: 50,
    }),
    timeRow('respond.io', 'answer, p99, 50 a second', {
      claim: '< 50 ms',
      ms: respondio('sustained', 'p99Ms'),
      limit: 50,
    }),
    [
      'respond.io',
      'success',
      '100 %',
      `${fixed(Math.min(...success), 2)} %, the least`,
      '–',
      Math.min(...success) === 100 ? 'yes' : 'NO',
    ],
    timeRow('Twilio', 'answer, p99, 50 a second', {
      claim: '< 500 ms',
      ms: twilio('sustained', 'p99Ms'),
      limit: 500,
    }),
  ];
}

/** The words of the requirements are those of the system before. */
function twilioRows({ benches: { twilio } }: ClaimFigures): readonly Row[] {
  const texts = twilio[0]?.requirements.map(({ text }) => text) ?? [];
  return texts.map((text): Row => {
    const found = twilio.flatMap(({ requirements }) => requirements.filter(one => one.text === text));
    const averages = found.map(({ averageMs }) => averageMs);
    const missed = found.reduce((sum, one) => sum + one.missed, 0);
    const count = found.reduce((sum, one) => sum + one.count, 0);
    const slowest = Math.max(...found.map(({ maxMs }) => maxMs));
    const measured = `${fixed(median(averages), 1)} ms, slowest ${fixed(slowest, 1)} ms; missed by ${missed} of ${count}`;
    return ['Twilio', text, 'each', measured, ownSpread(averages), missed === 0 && count > 0 ? 'yes' : 'NO'];
  });
}

function otherRows({ apiCalls, memory, startMs }: ClaimFigures): readonly Row[] {
  const { pooled, unpooled } = apiCalls;
  const saved = 100 * (1 - median(pooled) / median(unpooled));
  const calls = `${fixed(median(pooled), 1)} ms with, ${fixed(median(unpooled), 1)} ms without: ${fixed(saved, 0)} % less`;
  const spreads = Math.max(spread(pooled), spread(unpooled)).toFixed(2);
  const mebibytes = (bytes: number) => `${fixed(bytes / MEBIBYTE, 0)} MiB`;
  const largest = Math.max(memory.ingress, memory.processor) / MEBIBYTE;
  return [
    ['service bot', 'call of an API, pooled', '30-50 % less', calls, spreads, saved >= 30 ? 'yes' : 'NO'],
    [
      'service bot',
      'memory',
      '80-120 MB',
      `ingress ${mebibytes(memory.ingress)}, processor ${mebibytes(memory.processor)}`,
      '–',
      largest <= 120 ? 'yes' : 'NO',
    ],
    timeRow('service bot', 'start, in an empty folder (PostgreSQL is made)', {
      claim: '1-2 s',
      ms: [startMs.first],
      limit: 2_000,
    }),
    timeRow('service bot', 'start, again', { claim: '1-2 s', ms: [startMs.second], limit: 2_000 }),
  ];
}

interface Claim {
  readonly claim: string;
  /** Of each round. */
  readonly ms: readonly number[];
  readonly limit: number;
}

function timeRow(system: string, what: string, { claim, ms, limit }: Claim): Row {
  const value = median(ms);
  return [system, what, claim, `${fixed(value, 1)} ms`, ownSpread(ms), value <= limit ? 'yes' : 'NO'];
}

function ownSpread(values: readonly number[]): string {
  return values.length > 1 ? spread(values).toFixed(2) : '–';
}

type Time = 'averageMs' | 'p99Ms';

function partOf(benches: readonly BenchJson[]) {
  return (name: BenchPart['part'], time: Time): readonly number[] =>
    benches.flatMap(({ parts }) => parts.filter(({ part }) => part === name).map(part => part[time]));
}
