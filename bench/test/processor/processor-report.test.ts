import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EndToEnd } from '../../src/processor/end-to-end-part.ts';
import type { Million, MillionRound } from '../../src/processor/million-part.ts';
import type { ProcessorFigures } from '../../src/processor/processor-bench.ts';
import {
  endToEndTables,
  executedOnly,
  millionTable,
  processorReport,
  storeRateTable,
} from '../../src/processor/processor-report.ts';
import { measured, type StoreRound } from '../../src/processor/stored-events.ts';

const stored = (...eventsPerSecond: readonly number[]): StoreRound[] =>
  eventsPerSecond.map(events => ({ events, seconds: 1, batches: 10 }));

const endToEnd: EndToEnd = {
  backlog: [{ events: 1_000, seconds: 1, cpuMs: 500, statements: null }],
  barePost: [{ events: 1_000, seconds: 1, cpuMs: 250 }],
  counted: [{ events: 1_000, seconds: 1, cpuMs: 500, statements: { claim: 80, begin: 10 } }],
  paced: [{ events: 1_000, seconds: 1, cpuMs: 500, statements: { claim: 30, begin: 180 } }],
};

const millionRound = (claimP50Ms: number): MillionRound => ({
  fewOfMany: { claimP50Ms: 1, findDueP50Ms: 0.5 },
  allOfFew: { claimP50Ms, findDueP50Ms: 0.5 },
  store: { events: 1_000, seconds: 1, batches: 2 },
});
const million: Million = {
  rows: 1_000,
  empty: [millionRound(1)],
  filled: [millionRound(3)],
  plans: [{ name: 'claim', plan: 'Index Scan | cost=1' }],
};

const options = { rounds: 1, events: 1_000, seconds: 1, rate: 200, rows: 1_000, log: 'inbox' } as const;
const figures: ProcessorFigures = { version: 'commit abc', storeRate: null, endToEnd: null, million: null };

describe('the report of the processor', () => {
  it('calls half the rate of bare inserts the goal met, and less than that missed', () => {
    const half = storeRateTable({ processor: stored(500, 510), bare: stored(1_000, 1_005) });
    assert.match(half, /\| processor \| 505 \|/);
    assert.match(half, /\| 1\.99 \| 1\.02 \| ≤ 2 \| met \|/);
    const third = storeRateTable({ processor: stored(333), bare: stored(1_000) });
    assert.match(third, /\| 3\.00 \| 1\.00 \| ≤ 2 \| missed \|/);
  });

  it('judges statements by themselves, a backlog apart from a fixed rate', () => {
    const tables = endToEndTables(endToEnd, 200);
    assert.match(tables, /\| CPU of an event, by that of bare POSTs \| 2\.00 \| 1\.00 \| ≤ 2\.5 \| met \|/);
    assert.match(tables, /\| a backlog \| 0\.090 \|.*\| ≤ 0\.1 \| met \|/);
    assert.match(tables, /\| begin \| 0\.180 \|\n\| claim \| 0\.030 \|/);
    assert.match(tables, /\| 200\/s \| 0\.210 \|.*\| ≤ 0\.1 \| missed \|/);
  });

  it('compares the filled database with the empty one, for each call', () => {
    const table = millionTable(million);
    assert.match(table, /\| claim 10 of many .* \| 1\.00 \| 1\.00 \| ≤ 1\.2 \| met \|/);
    assert.match(table, /\| claim all of 10 .* \| 3\.00 \| 1\.00 \| ≤ 1\.2 \| missed \|/);
    assert.match(table, /\| find that 10 are due .* \| 1\.00 \| 1\.00 \| ≤ 1\.2 \| met \|/);
    assert.match(table, /\| store an event .* \| 1\.00 \| 1\.00 \| ≤ 1\.2 \| met \|/);
  });

  it('names the programs that are not to be had, with the reason, and the run that was short', () => {
    const text = processorReport({ figures, options, startedAt: new Date() });
    for (const name of ['Convoy', 'Outpost', 'svix-server'])
      assert.match(text, new RegExp(`^\\| ${name} \\|.*\\| not measured: .* \\|$`, 'm'));
    assert.match(text, /\*\*A short run/);
    assert.doesNotMatch(text, /## Store rate|## End to end|## Beside/);
  });

  it('shows plans as they are, and a figure that is not known as none', () => {
    const text = processorReport({
      figures: { ...figures, storeRate: { processor: [], bare: [] }, endToEnd, million },
      options,
      startedAt: new Date(),
    });
    assert.match(text, /^Index Scan \| cost=1$/m);
    assert.match(text, /\| – \| – \| ≤ 2 \| not known \|/);
    assert.doesNotMatch(text, /NaN|undefined|Infinity/);
  });
});

describe('a plan in the report', () => {
  it('leaves out the days that were not looked at, with all that belongs to them', () => {
    const plan = [
      'Append  (actual rows=1)',
      '  ->  Index Scan on day_1  (actual rows=1)',
      '        Filter: a',
      '  ->  Nested Loop  (never executed)',
      '        ->  Seq Scan on day_2  (never executed)',
      '              Filter: b',
      '  ->  Seq Scan on day_3  (never executed)',
      'Execution Time: 1 ms',
    ];
    assert.equal(executedOnly(plan.join('\n')), [plan[0], plan[1], plan[2], plan[7]].join('\n'));
  });
});

describe('the time of storing', () => {
  const batches = [
    { beganMs: 1_000, events: 60 },
    { beganMs: 1_100, events: 50 },
    { beganMs: 1_300, events: 40 },
  ];

  it('counts from the first transaction behind the warm-up to the last commit', () => {
    assert.deepEqual(measured(batches, 60, 1_600), { events: 90, seconds: 0.5, batches: 2 });
    assert.deepEqual(measured(batches, 61, 1_600), { events: 40, seconds: 0.3, batches: 1 });
  });

  it('counts all of a run whose last transaction holds its warm-up too', () => {
    assert.deepEqual(measured(batches.slice(0, 1), 20, 1_200), { events: 60, seconds: 0.2, batches: 1 });
  });
});
