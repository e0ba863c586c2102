import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PARTS, type ProcessorFigures, runProcessorBench } from '../../src/processor/processor-bench.ts';
import { processorReport } from '../../src/processor/processor-report.ts';

// The short form of `npm run bench -- processor`: all of its parts on few events out of the inbox, without Kafka.

const EVENTS = 200;

function assertStoreRate(storeRate: ProcessorFigures['storeRate']): void {
  const rounds = [...(storeRate?.processor ?? []), ...(storeRate?.bare ?? [])];
  assert.equal(rounds.length, 2);
  for (const { events, seconds } of rounds) assert.ok(events >= EVENTS && seconds > 0);
}

function assertEndToEnd(endToEnd: ProcessorFigures['endToEnd']): void {
  assert.ok(endToEnd !== null);
  const { backlog, counted, paced, barePost } = endToEnd;
  for (const rounds of [backlog, counted, paced, barePost]) {
    assert.equal(rounds.length, 1);
    for (const { events, seconds } of rounds) assert.ok(events > 0 && seconds > 0);
  }
  for (const { statements } of backlog) assert.equal(statements, null);
  for (const { statements } of [...counted, ...paced])
    assert.ok((statements?.['deliveries-outcome'] ?? 0) > 0, JSON.stringify(statements));
}

function assertMillion(million: ProcessorFigures['million']): void {
  assert.ok(million !== null);
  for (const { fewOfMany, allOfFew, store } of [...million.empty, ...million.filled]) {
    for (const { claimP50Ms, findDueP50Ms } of [fewOfMany, allOfFew])
      assert.ok(claimP50Ms > 0 && findDueP50Ms > 0);
    assert.ok(store.events >= EVENTS);
  }
  assert.deepEqual(
    million.plans.map(({ name }) => name),
    ['find what is due', 'claim', 'insert'],
  );
  for (const { plan } of million.plans) assert.match(plan, /actual time=.*Execution Time/s);
}

describe('the bench of the processor', () => {
  it('measures every part, and finds each event stored and delivered', async () => {
    const lines: string[] = [];
    const options = { rounds: 1, events: EVENTS, seconds: 1, rate: 100, rows: 2_000, log: 'inbox' } as const;
    const figures = await runProcessorBench({ ...options, parts: PARTS, say: line => lines.push(line) });

    assertStoreRate(figures.storeRate);
    assertEndToEnd(figures.endToEnd);
    assertMillion(figures.million);
    const report = processorReport({ figures, options, startedAt: new Date() });
    assert.doesNotMatch(report, /NaN|undefined|Infinity/);
    assert.ok(lines.length >= 9, lines.join('\n'));
  });
});
