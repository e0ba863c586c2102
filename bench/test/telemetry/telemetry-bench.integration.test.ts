import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { describe, it } from 'node:test';
import { PARTS, runTelemetryBench } from '../../src/telemetry/telemetry-bench.ts';
import { telemetryReport } from '../../src/telemetry/telemetry-report.ts';

// The short form of `npm run bench -- telemetry`: both services on few events out of the inbox, without Kafka.

const EVENTS = 200;

describe('the bench of telemetry', () => {
  it('measures both services without and with it, and finds spans of both at the collector', async () => {
    const options = { rounds: 1, seconds: 1, rate: 100, events: EVENTS, log: 'inbox' } as const;
    const how = { parts: PARTS, cacheDirectory: tmpdir(), say: () => undefined };
    const figures = await runTelemetryBench({ ...options, ...how });

    const { ingress, processor } = figures;
    assert.ok(ingress !== null && processor !== null);
    for (const rounds of [ingress.off, ingress.on, processor.off, processor.on]) {
      assert.equal(rounds.length, 1);
      for (const { events, seconds, cpuMs } of rounds) assert.ok(events > 0 && seconds > 0 && cpuMs > 0);
    }
    assert.deepEqual([ingress.recordsPer200, ingress.droppedSpans, processor.droppedSpans], [null, 0, 0]);
    assert.doesNotMatch(
      telemetryReport({ figures, options, startedAt: new Date() }),
      /NaN|undefined|Infinity/,
    );
  });
});
