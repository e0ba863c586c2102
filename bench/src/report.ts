import type { IngressFigures } from './ingress-bench.ts';
import { ACKLINE, CLOSED_LOOP_CONNECTIONS } from './session.ts';
import type { LoadResult } from './load-plan.ts';
import { cpuUsPer200 } from './load-run.ts';
import { fixed, machineLine } from './machine.ts';
import type { Series } from './rounds.ts';
import { checkGoal, compare, median, spread } from './statistics.ts';
import type { ProfileShare } from './cpu-profile.ts';
import { type Cell, markdownTable } from './markdown-table.ts';

const MEGABYTE = 1_000_000;
/** The limits, and where one is a multiple of a peer's figure. */
const CPU_GOALS: readonly (readonly [peer: string, atMost: number])[] = [
  ['Go + franz-go', 1],
  ['Go + franz-go, no linger', 1],
  ['Bento', 0.5],
  ['Express + kafkajs', 0.2],
  ['FastAPI', 0.25],
  ['node:http', 2],
];
const TWO_PROCESSES_GOAL = 1.15;
const KAFKA_DEAD_GOAL = 2;
const RSS_GOAL_MB = 130;
const BUFFER_GOAL = 2;
/** A few may go to the inbox when the machine stops for a moment. */
const IN_KAFKA_AT_LEAST = 0.99;
/** Fewer, and no ratio is claimed. */
const LEAST_PEERS = 3;

export interface ReportFacts {
  readonly figures: IngressFigures;
  readonly rounds: number;
  readonly seconds: number;
  readonly rate: number;
  readonly startedAt: Date;
}

/** Markdown for docs/benchmarks/ingress.md. */
export function report(facts: ReportFacts): string {
  const { figures, rounds, seconds, rate } = facts;
  const sections = [
    machine(facts),
    '## Programs',
    programsTable(figures),
    ...(figures.closedLoop === null
      ? []
      : [
          `## CPU: ${CLOSED_LOOP_CONNECTIONS} connections, closed loop, ${rounds} × ${seconds} s each, in turn`,
          closedLoopTable(figures.closedLoop),
          ...awayFromKafka(ownRecordsPer200(figures.closedLoop)),
          goalsTable(figures.closedLoop),
        ]),
    ...(figures.fixedRate === null
      ? []
      : [
          `## Ack latency and memory at ${rate}/s, ${rounds} × ${seconds} s each, in turn`,
          'Times count from when a request was due, not from when it could be sent.',
          fixedRateTable(figures.fixedRate),
          ...awayFromKafka(ownRecordsPer200(figures.fixedRate)),
          fixedRateGoals(figures.fixedRate, rate),
        ]),
    ...(figures.processes === null
      ? []
      : [`## One process and two, at ${rate}/s`, processesTable(figures.processes)]),
    ...(figures.fullBuffer === null
      ? []
      : ['## Memory with the buffer full', fullBufferTable(figures.fullBuffer)]),
    ...(figures.profile === null ? [] : ['## Where the time goes', profileTable(figures.profile)]),
    ...(figures.kafkaDead === null
      ? []
      : [`## Kafka killed, at ${rate}/s`, kafkaDeadTable(figures.kafkaDead)]),
  ];
  return `${sections.join('\n\n')}\n`;
}

function machine({ startedAt, rounds, seconds }: ReportFacts): string {
  const lines = [
    machineLine(startedAt),
    'Kafka (one broker, 12 partitions), PostgreSQL, the load generator and the programs share the machine.',
    'CPU is user and system time of all processes and threads of the program, by 200s. Spread is the largest round by the smallest of the same program.',
  ];
  if (rounds < 3 || seconds < 10)
    lines.push(`**A short run (${rounds} × ${seconds} s): for trying out, not for figures.**`);
  return lines.join('\n');
}

export function programsTable({
  contenders,
  absentees,
}: Pick<IngressFigures, 'contenders' | 'absentees'>): string {
  return markdownTable(
    ['program', 'what its 200 means', 'durable', 'version'],
    [
      ...contenders.map(({ name, meaning, version }) => [
        name,
        meaning.text,
        yesNo(meaning.durable),
        version,
      ]),
      ...absentees.map(({ name, meaning, reason }) => [name, meaning.text, yesNo(meaning.durable), reason]),
    ],
  );
}

export function closedLoopTable(all: readonly Series[]): string {
  return markdownTable(
    [
      'program',
      'CPU µs per 200',
      'its rounds',
      'spread',
      '200s/s',
      'p50 ms',
      'p99 ms',
      'not 200',
      'records in Kafka per 200',
    ],
    all.map(({ name, rounds, recordsPer200 }) => {
      const cpu = rounds.map(cpuUsPer200);
      return [
        name,
        fixed(median(cpu), 1),
        cpu.map(value => fixed(value, 1)).join(', '),
        fixed(spread(cpu), 2),
        fixed(median(rounds.map(({ ok, seconds }) => ok / seconds)), 0),
        fixed(median(rounds.map(({ p50Ms }) => p50Ms)), 2),
        fixed(median(rounds.map(({ p99Ms }) => p99Ms)), 2),
        sum(rounds, ({ notOk }) => notOk),
        recordsPer200 === null ? '–' : fixed(recordsPer200, 3),
      ];
    }),
  );
}

function ownRecordsPer200(all: readonly Series[]): number | null {
  return all.find(({ name }) => name === ACKLINE)?.recordsPer200 ?? null;
}

/** Said where Ackline's breaker had turned to PostgreSQL: its figures are not those of Kafka then. */
export function awayFromKafka(share: Series['recordsPer200']): string[] {
  if (share === null || share >= IN_KAFKA_AT_LEAST) return [];
  return [
    `**Only ${(share * 100).toFixed(0)} % of Ackline's events went to Kafka, the rest to PostgreSQL: no figures of a healthy Kafka.**`,
  ];
}

/** Nothing where too few peers ran. */
export function goalsTable(all: readonly Series[]): string {
  const ours = all.find(({ name }) => name === ACKLINE);
  const others = all.filter(({ name }) => name !== ACKLINE);
  if (ours === undefined) return 'Ackline did not run: no ratios.';
  if (others.length < LEAST_PEERS || !others.some(({ meaning }) => meaning.durable)) {
    return `Fewer than ${LEAST_PEERS} peers ran, or no durable one: no ratios are claimed.`;
  }
  const cpu = (series: Series): number[] => series.rounds.map(cpuUsPer200);
  return markdownTable(
    ['Ackline by', 'ratio of CPU medians', 'own spread', 'told apart', 'goal', 'outcome'],
    others.map(other => {
      const atMost = CPU_GOALS.find(([peer]) => peer === other.name)?.[1];
      if (atMost === undefined) {
        const { ratio, ownSpread, verdict } = compare(cpu(ours), cpu(other));
        return [other.name, ratio.toFixed(2), ownSpread.toFixed(2), verdict, '–', '–'];
      }
      const check = checkGoal(cpu(ours), cpu(other), atMost);
      return [
        other.name,
        fixed(check.ratio, 2),
        fixed(check.ownSpread, 2),
        check.verdict,
        `≤ ${atMost}`,
        check.outcome,
      ];
    }),
  );
}

export function fixedRateTable(all: readonly Series[]): string {
  return markdownTable(
    [
      'program',
      'p50 ms',
      'p99 ms',
      'p99 of its rounds',
      'spread of p99',
      'CPU µs per 200',
      'RSS MB',
      'peak MB',
      'not 200',
      'unanswered',
      'generator late p50/p99 ms',
      'records in Kafka per 200',
    ],
    all.map(({ name, rounds, recordsPer200 }) => {
      const p99 = rounds.map(({ p99Ms }) => p99Ms);
      return [
        name,
        fixed(median(rounds.map(({ p50Ms }) => p50Ms)), 2),
        fixed(median(p99), 2),
        p99.map(value => fixed(value, 2)).join(', '),
        fixed(spread(p99), 2),
        fixed(median(rounds.map(cpuUsPer200)), 1),
        megabytes(median(rounds.map(({ rssBytes }) => rssBytes))),
        megabytes(Math.max(...rounds.map(({ peakRssBytes }) => peakRssBytes))),
        sum(rounds, ({ notOk }) => notOk),
        sum(rounds, ({ unanswered }) => unanswered),
        `${fixed(median(rounds.map(({ lateP50Ms }) => lateP50Ms)), 2)} / ${fixed(median(rounds.map(({ lateP99Ms }) => lateP99Ms)), 2)}`,
        recordsPer200 === null ? '–' : fixed(recordsPer200, 3),
      ];
    }),
  );
}

function fixedRateGoals(all: readonly Series[], rate: number): string {
  const ours = all.find(({ name }) => name === ACKLINE);
  if (ours === undefined) return 'Ackline did not run: no ratios.';
  const rss = Math.max(...ours.rounds.map(({ rssBytes }) => rssBytes)) / MEGABYTE;
  const durable = all.filter(({ name, meaning }) => name !== ACKLINE && meaning.durable);
  const rows: Cell[][] = (['p50Ms', 'p99Ms'] as const).flatMap(key => {
    const of = (series: Series): number[] => series.rounds.map(round => round[key]);
    const best = durable.toSorted((a, b) => median(of(a)) - median(of(b)))[0];
    if (best === undefined) return [];
    const check = checkGoal(of(ours), of(best), 1);
    return [
      [
        `${key.slice(0, 3)} by that of ${best.name}, the best durable peer`,
        fixed(check.ratio, 2),
        fixed(check.ownSpread, 2),
        '≤ 1',
        check.outcome,
      ],
    ];
  });
  rows.push([
    `RSS of a process at ${rate}/s`,
    `${rss.toFixed(0)} MB`,
    '–',
    `≤ ${RSS_GOAL_MB} MB`,
    rss <= RSS_GOAL_MB ? 'met' : 'missed',
  ]);
  return markdownTable(['Ackline', 'figure', 'own spread', 'goal', 'outcome'], rows);
}

export function processesTable(all: readonly Series[]): string {
  const [one, two] = all;
  const table = fixedRateTable(all);
  if (one === undefined || two === undefined) return `${table}\n\nNot both ran: no ratio.`;
  const inTwo = Math.min(...two.rounds.map(({ processes }) => processes));
  if (inTwo < 2)
    return `${table}\n\nINGRESS_PROCESSES=2 started ${inTwo} process: this version does not know it.`;
  const check = checkGoal(two.rounds.map(cpuUsPer200), one.rounds.map(cpuUsPer200), TWO_PROCESSES_GOAL);
  return `${table}\n\nCPU per 200 of INGRESS_PROCESSES=2 (${inTwo} processes with the parent) by one process: ${fixed(check.ratio, 2)}, own spread ${fixed(check.ownSpread, 2)}, goal ≤ ${TWO_PROCESSES_GOAL}: ${check.outcome}.`;
}

function fullBufferTable(full: NonNullable<IngressFigures['fullBuffer']>): string {
  const buffered = (full.mostBuffered * full.bodyBytes) / MEGABYTE;
  const limit = RSS_GOAL_MB + BUFFER_GOAL * buffered;
  const peak = full.peakRssBytes / MEGABYTE;
  const kibibytes = `${(full.bodyBytes / 1_024).toFixed(0)} KiB`;
  const table = markdownTable(
    ['RSS before', 'peak RSS', 'buffered at the most', 'goal', 'outcome', 'answers'],
    [
      [
        `${megabytes(full.beforeRssBytes)} MB`,
        `${peak.toFixed(0)} MB`,
        `${full.mostBuffered} × ${kibibytes} = ${buffered.toFixed(0)} MB`,
        `≤ ${RSS_GOAL_MB} + ${BUFFER_GOAL} × ${buffered.toFixed(0)} = ${limit.toFixed(0)} MB`,
        peak <= limit ? 'met' : 'missed',
        answersText(full.answers),
      ],
    ],
  );
  return `Kafka and PostgreSQL stand still; ${full.connections} connections send ${kibibytes} each.\n\n${table}`;
}

function kafkaDeadTable({ healthy, dead, peers }: NonNullable<IngressFigures['kafkaDead']>): string {
  const p99 = (results: readonly LoadResult[]): number[] => results.map(({ p99Ms }) => p99Ms);
  const check = checkGoal(p99(dead), p99(healthy), KAFKA_DEAD_GOAL);
  const row = (name: string, results: readonly LoadResult[]): Cell[] => [
    name,
    fixed(median(results.map(({ p50Ms }) => p50Ms)), 2),
    fixed(median(p99(results)), 2),
    p99(results)
      .map(value => fixed(value, 2))
      .join(', '),
    sum(results, ({ ok }) => ok),
    sum(results, ({ notOk }) => notOk),
    sum(results, ({ unanswered }) => unanswered),
  ];
  const table = markdownTable(
    ['program', 'p50 ms', 'p99 ms', 'p99 of its rounds', '200', 'not 200', 'unanswered'],
    [
      row('Ackline, Kafka healthy', healthy),
      row('Ackline, Kafka dead, breaker open', dead),
      ...peers.map(peer => row(`${peer.name}, Kafka dead`, [peer.dead])),
    ],
  );
  return `${table}\n\nAckline's p99, dead by healthy: ${fixed(check.ratio, 2)}, own spread ${fixed(check.ownSpread, 2)}, goal ≤ ${KAFKA_DEAD_GOAL}: ${check.outcome}.`;
}

function profileTable({
  groups,
  functions,
  cpuUsPer200: cpu,
}: NonNullable<IngressFigures['profile']>): string {
  const table = (head: string, shares: readonly ProfileShare[]): string =>
    markdownTable(
      [head, 'self time'],
      shares.map(({ name, share }) => [name, `${(share * 100).toFixed(1)} %`]),
    );
  const intro = `The ingress's main thread in the closed loop, by V8's profiler (${cpu.toFixed(1)} µs of CPU per 200 with it on).`;
  return [intro, table('group', groups), table('function', functions)].join('\n\n');
}

function answersText({ ok, statuses, unanswered }: LoadResult): string {
  const others = Object.entries(statuses).map(
    ([status, count]) => `${count} × ${status === '0' ? 'cut' : status}`,
  );
  return [`${ok} × 200`, ...others, ...(unanswered > 0 ? [`${unanswered} unanswered`] : [])].join(', ');
}

function sum(rounds: readonly LoadResult[], pick: (round: LoadResult) => number): number {
  return rounds.reduce((total, round) => total + pick(round), 0);
}

function megabytes(bytes: number): string {
  return (bytes / MEGABYTE).toFixed(0);
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}
