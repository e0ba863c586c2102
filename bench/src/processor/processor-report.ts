import { fixed, machineLine } from '../machine.ts';
import { type Cell, markdownTable } from '../markdown-table.ts';
import { checkGoal, type GoalCheck, median, spread } from '../statistics.ts';
import {
  type CpuRound,
  cpuUsPerEvent,
  type DeliveryRound,
  type EndToEnd,
  statementsPerEvent,
} from './end-to-end-part.ts';
import type { Million, MillionRound } from './million-part.ts';
import type { ProcessorFigures } from './processor-bench.ts';
import { absentPeers } from './processor-peers.ts';
import type { ProcessorBenchOptions } from './session.ts';
import type { StoreRate } from './store-rate-part.ts';
import { type StoreRound, usPerEvent } from './stored-events.ts';

/** Half the rate of bare inserts is twice their time. */
const STORE_TIME_GOAL = 2;
const CPU_GOAL = 2.5;
const STATEMENTS_GOAL = 0.1;
const MILLION_GOAL = 1.2;
const SHOWN_STATEMENTS = 15;
/** What figures are made with; with less it is a trial. */
const FULL = { rounds: 3, events: 20_000, seconds: 10, rows: 1_000_000 };

export interface ProcessorReportFacts {
  readonly figures: ProcessorFigures;
  readonly options: Omit<ProcessorBenchOptions, 'say'>;
  readonly startedAt: Date;
}

/** Markdown for docs/benchmarks/processor.md. */
export function processorReport({ figures, options, startedAt }: ProcessorReportFacts): string {
  const { rounds, events, rate, seconds } = options;
  const sections = [
    machine(options, startedAt),
    '## Programs',
    programsTable(figures.version),
    ...(figures.storeRate === null
      ? []
      : [`## Store rate: ${rounds} × ${events} events, in turn`, storeRateTable(figures.storeRate)]),
    ...(figures.endToEnd === null
      ? []
      : [
          `## End to end: ${rounds} × ${events} events, and ${rounds} × ${seconds} s at ${rate}/s`,
          endToEndTables(figures.endToEnd, rate),
        ]),
    ...(figures.million === null
      ? []
      : [
          `## Beside ${figures.million.rows} parked and scheduled deliveries`,
          millionTable(figures.million),
          ...plans(figures.million),
        ]),
  ];
  return `${sections.join('\n\n')}\n`;
}

function machine(options: ProcessorReportFacts['options'], startedAt: Date): string {
  const log = options.log === 'kafka' ? 'Kafka (one broker, 12 partitions)' : 'the inbox';
  const lines = [
    machineLine(startedAt),
    `Events come from ${log}. All servers and programs share the machine.`,
    'Spread is the largest round by the smallest of the same program.',
  ];
  if (isShort(options))
    lines.push(
      `**A short run (${options.rounds} × ${options.events} events): for trying out, not for figures.**`,
    );
  return lines.join('\n');
}

function isShort({ rounds, events, seconds, rows }: ProcessorReportFacts['options']): boolean {
  return rounds < FULL.rounds || events < FULL.events || seconds < FULL.seconds || rows < FULL.rows;
}

export function programsTable(version: string): string {
  return markdownTable(
    ['program', 'what it does', 'version'],
    [
      ['processor', 'takes events out of the log, stores and delivers them', version],
      ['bare inserts', 'the same rows by one statement for 500 events', `Node ${process.versions.node}`],
      ['bare POSTs', 'the same bodies to the same receiver, by undici', `Node ${process.versions.node}`],
      ...absentPeers.map(({ name, meaning, reason }) => [name, meaning.text, reason]),
    ],
  );
}

export function storeRateTable({ processor, bare }: StoreRate): string {
  const table = markdownTable(
    ['program', 'events/s', 'µs per event', 'its rounds', 'spread', 'events per transaction'],
    [storeRow('processor', processor), storeRow('bare inserts', bare)],
  );
  const check = checkGoal(processor.map(usPerEvent), bare.map(usPerEvent), STORE_TIME_GOAL);
  return `${table}\n\n${goals([['time of an event, by that of bare inserts (≤ 2: half their rate)', check]])}`;
}

function storeRow(name: string, rounds: readonly StoreRound[]): Cell[] {
  const times = rounds.map(usPerEvent);
  return [
    name,
    fixed(1e6 / median(times), 0),
    fixed(median(times), 1),
    list(times, 1),
    fixed(spread(times), 2),
    fixed(median(rounds.map(({ events, batches }) => events / batches)), 0),
  ];
}

export function endToEndTables({ backlog, barePost, counted, paced }: EndToEnd, rate: number): string {
  const cpu = cpuTable([
    ['processor, a backlog', backlog],
    ['bare POSTs', barePost],
  ]);
  const check = checkGoal(backlog.map(cpuUsPerEvent), barePost.map(cpuUsPerEvent), CPU_GOAL);
  const statements = markdownTable(
    ['load', 'statements per event', 'its rounds', 'spread', 'events/s', 'goal', 'outcome'],
    [statementsRow('a backlog', counted), statementsRow(`${rate}/s`, paced)],
  );
  return [
    cpu,
    goals([['CPU of an event, by that of bare POSTs', check]]),
    statements,
    `Which statements they are at ${rate}/s, over all rounds:`,
    statementsTable(paced),
  ].join('\n\n');
}

export function cpuTable(
  programs: readonly (readonly [name: string, rounds: readonly CpuRound[]])[],
): string {
  return markdownTable(
    ['program', 'CPU µs per event', 'its rounds', 'spread', 'events/s'],
    programs.map(([name, rounds]) => cpuRow(name, rounds)),
  );
}

function cpuRow(name: string, rounds: readonly CpuRound[]): Cell[] {
  const cpu = rounds.map(cpuUsPerEvent);
  const rate = median(rounds.map(({ events, seconds }) => events / seconds));
  return [name, fixed(median(cpu), 1), list(cpu, 1), fixed(spread(cpu), 2), fixed(rate, 0)];
}

function statementsRow(load: string, rounds: readonly DeliveryRound[]): Cell[] {
  const each = rounds.map(statementsPerEvent);
  const value = median(each);
  return [
    load,
    fixed(value, 3),
    list(each, 3),
    fixed(spread(each), 2),
    fixed(median(rounds.map(({ events, seconds }) => events / seconds)), 0),
    `≤ ${STATEMENTS_GOAL}`,
    Number.isNaN(value) ? 'not known' : value <= STATEMENTS_GOAL ? 'met' : 'missed',
  ];
}

function statementsTable(rounds: readonly DeliveryRound[]): string {
  const sums = new Map<string, number>();
  for (const { statements } of rounds) {
    for (const [name, count] of Object.entries(statements ?? {}))
      sums.set(name, (sums.get(name) ?? 0) + count);
  }
  const events = rounds.reduce((sum, round) => sum + round.events, 0);
  const most = [...sums].toSorted(([, a], [, b]) => b - a).slice(0, SHOWN_STATEMENTS);
  return markdownTable(
    ['statement', 'per event'],
    most.map(([name, count]) => [name, fixed(count / events, 3)]),
  );
}

/** What is compared of the two databases. */
const MILLION_ROWS: readonly (readonly [
  what: string,
  unit: string,
  pick: (round: MillionRound) => number,
])[] = [
  ['claim 10 of many that are due', 'p50 ms', ({ fewOfMany }) => fewOfMany.claimP50Ms],
  ['claim all of 10 that are due', 'p50 ms', ({ allOfFew }) => allOfFew.claimP50Ms],
  ['find that 10 are due', 'p50 ms', ({ allOfFew }) => allOfFew.findDueP50Ms],
  ['store an event', 'µs', ({ store }) => usPerEvent(store)],
];

export function millionTable({ rows, empty, filled }: Million): string {
  return markdownTable(
    [
      'work',
      'unit',
      'empty',
      'its rounds',
      `${rows} rows`,
      'its rounds',
      'ratio',
      'own spread',
      'goal',
      'outcome',
    ],
    MILLION_ROWS.map(([what, unit, pick]) => {
      const [without, beside] = [empty.map(pick), filled.map(pick)];
      const { ratio, ownSpread, outcome } = checkGoal(beside, without, MILLION_GOAL);
      return [
        what,
        unit,
        fixed(median(without), 2),
        list(without, 2),
        fixed(median(beside), 2),
        list(beside, 2),
        fixed(ratio, 2),
        fixed(ownSpread, 2),
        `≤ ${MILLION_GOAL}`,
        outcome,
      ];
    }),
  );
}

function plans({ plans: explained }: Million): string[] {
  return explained.flatMap(({ name, plan }) => [
    `### Plan: ${name}`,
    `\`\`\`\n${executedOnly(plan)}\n\`\`\``,
  ]);
}

/** Without the nodes that did not run: a plan over days has one for each day. */
export function executedOnly(plan: string): string {
  let hiddenIndent = Number.POSITIVE_INFINITY;
  const shown = plan.split('\n').filter(line => {
    const indent = line.search(/\S/);
    if (indent > hiddenIndent) return false;
    hiddenIndent = line.endsWith('(never executed)') ? indent : Number.POSITIVE_INFINITY;
    return hiddenIndent === Number.POSITIVE_INFINITY;
  });
  return shown.join('\n');
}

export function goals(
  rows: readonly (readonly [what: string, check: GoalCheck])[],
  program = 'processor',
): string {
  return markdownTable(
    [program, 'ratio', 'own spread', 'goal', 'outcome'],
    rows.map(([what, { ratio, ownSpread, atMost, outcome }]) => [
      what,
      fixed(ratio, 2),
      fixed(ownSpread, 2),
      `≤ ${atMost}`,
      outcome,
    ]),
  );
}

function list(values: readonly number[], digits: number): string {
  return values.map(value => fixed(value, digits)).join(', ');
}
