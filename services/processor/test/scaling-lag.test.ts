import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { scalingLagMs } from '../src/scaling-lag.ts';

type Snapshot = Parameters<typeof scalingLagMs>[0];

function snapshot(inbox: object | null, movingSince?: number | null): Snapshot {
  const kafka = movingSince === undefined ? null : { lagSince: 1, movingSince };
  return { inbox: inbox && { oldestAgeMs: 9_000, isFailing: false, ...inbox }, kafka } as Snapshot;
}

describe('the lag that processors are scaled by', () => {
  it('is the age of the oldest event of lanes that get on, in Kafka or in the inbox', () => {
    assert.equal(scalingLagMs(snapshot({ movingAgeMs: 300 }), 10_000), 300);
    assert.equal(scalingLagMs(snapshot({ movingAgeMs: 300 }, 9_000), 10_000), 1_000);
    assert.equal(scalingLagMs(snapshot({ movingAgeMs: 3_000 }, 9_000), 10_000), 3_000);
    assert.equal(scalingLagMs(snapshot({ movingAgeMs: 0 }, null), 10_000), 0);
    assert.equal(
      scalingLagMs(snapshot({ movingAgeMs: 0 }, 10_500), 10_000),
      0,
      "the brokers' clock is ahead",
    );
  });

  it('is 0 while PostgreSQL is away: no processor stores anything then', () => {
    assert.equal(scalingLagMs(snapshot({ movingAgeMs: 5_000, isFailing: true }, 1_000), 10_000), 0);
    assert.equal(scalingLagMs(snapshot(null), 10_000), 0);
  });
});
