import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  brokerKilled,
  type Figures,
  ingressTerminated,
  lateProcessor,
  postgresKilled,
  processorKilledTwice,
} from '../src/scenarios.ts';

// The short forms of `npm run proof`: the same runs with fewer events.

function assertNothingLost(figures: Figures): void {
  console.log(JSON.stringify(figures));
  assert.equal(figures.lost, 0, 'accepted and not stored');
  assert.equal(figures.storedTwice, 0, 'stored twice');
  assert.equal(figures.undelivered, 0, 'accepted and not delivered');
  assert.deepEqual(Object.keys(figures.deliveryStates), ['delivered']);
}

describe('nothing that got a 200 is lost', () => {
  it('while the processor is killed twice under full load', async () => {
    const figures = await processorKilledTwice({ events: 6_000 });
    assert.equal(figures.accepted, 6_000);
    assert.equal(figures.measured['kills'], 2);
    assertNothingLost(figures);
    assert.equal(figures.outOfOrder, 0, 'order per chat');
  });

  it('while the broker is killed and started again: the inbox takes over', async () => {
    const figures = await brokerKilled({ events: 3_000, rate: 300 });
    assert.equal(figures.accepted, 3_000);
    assertNothingLost(figures);
    assert.ok((figures.tiers['inbox'] ?? 0) > 0, 'events went to the inbox meanwhile');
    assert.equal(figures.measured['refusedWhileDown'], 0);
    assert.ok(
      figures.outOfOrder <= (figures.measured['orderUncertain'] ?? 0),
      'order, but for what is counted as uncertain',
    );
  });

  it('while PostgreSQL is killed and started again, and there is no Kafka', async () => {
    const figures = await postgresKilled({ events: 1_500, rate: 300 });
    assert.equal(figures.accepted, 1_500);
    assertNothingLost(figures);
    assert.ok((figures.measured['refused'] ?? 0) > 0, 'what could not be made durable was not acknowledged');
    assert.equal(figures.outOfOrder, 0, 'order per chat');
  });

  it('when the first processor starts after the events were accepted', async () => {
    const figures = await lateProcessor({ events: 1_000 });
    assert.equal(figures.accepted, 1_000);
    assertNothingLost(figures);
    assert.equal(figures.outOfOrder, 0, 'order per chat');
  });

  it('when the ingress gets SIGTERM under load: answered 200 and stored, or never accepted', async () => {
    const figures = await ingressTerminated({ events: 2_000 });
    assert.equal(figures.measured['exitCode'], 0);
    assertNothingLost(figures);
    assert.equal(figures.storedUnanswered + figures.storedRefused, 0, 'stored without a 200');
    assert.equal(figures.outOfOrder, 0, 'order per chat');
  });
});
