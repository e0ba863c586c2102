import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CpuRound } from '../../src/processor/end-to-end-part.ts';
import type { TelemetryFigures } from '../../src/telemetry/telemetry-bench.ts';
import { telemetryReport } from '../../src/telemetry/telemetry-report.ts';

const spent = (...usPerEvent: readonly number[]): CpuRound[] =>
  usPerEvent.map(us => ({ events: 1_000, seconds: 1, cpuMs: us }));

const figures: TelemetryFigures = {
  version: 'commit abc',
  loads: [1, 2.25],
  batches: 7,
  ingress: { off: spent(100, 102), on: spent(110, 112), droppedSpans: 0, recordsPer200: 1 },
  processor: { off: spent(200, 200), on: spent(300, 300), droppedSpans: 0 },
};
const options = { rounds: 2, seconds: 10, rate: null, events: 1_000, log: 'kafka' } as const;

const report = (changes: Partial<TelemetryFigures>): string =>
  telemetryReport({ figures: { ...figures, ...changes }, options, startedAt: new Date() });

describe('the report of what telemetry costs', () => {
  it('has the ratio on by off of each service, with its own spread and the goal', () => {
    const text = report({});
    assert.match(text, /\| ingress, off \| 101\.0 \| 100\.0, 102\.0 \| 1\.02 \| 1000 \|/);
    assert.match(text, /\| ingress \| 1\.10 \| 1\.02 \| ≤ 1\.15 \| met \|/);
    assert.match(text, /\| processor \| 1\.50 \| 1\.00 \| ≤ 1\.15 \| missed \|/);
    assert.match(text, /Load average 1\.0 before, 2\.3 after/);
    assert.doesNotMatch(text, /\*\*Only|never got/);
  });

  it('says which figures are without spans that were lost, and which are not those of Kafka', () => {
    const { ingress, processor } = figures;
    const text = report({
      ingress: ingress && { ...ingress, recordsPer200: 0.5 },
      processor: processor && { ...processor, droppedSpans: 9 },
    });
    assert.match(text, /\*\*Only 50 % of Ackline's events went to Kafka/);
    assert.match(text, /\*\*The collector never got 9 spans of the processor/);
  });

  it('leaves out a service that was not measured, and says that a run was short', () => {
    const text = report({ processor: null });
    assert.doesNotMatch(text, /\| processor/);
    assert.match(text, /\*\*A short run/);
  });
});
