import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { line } from '@ackline/shared/providers/line';
import type { UnroutedEvent } from '@ackline/store/unrouted-events';
import { decideLate } from '../src/late-decisions.ts';
import { MAX_SPLIT } from '../src/storing/split-event.ts';
import { storableFromEnvelope } from '../src/storing/storable.ts';
import { routeConfig, ruleOf } from './configs.ts';
import { sampleEvent } from './events.ts';

const PARTS = 20;

/** Its parts have together about as many bytes as they say: what is around them is in each again. */
function storedBody(bytes: number): UnroutedEvent {
  const destination = 'x'.repeat(bytes / PARTS);
  const body = Buffer.from(JSON.stringify({ destination, events: Array(PARTS).fill({ type: 'message' }) }));
  const { meta, tier, sealed } = storableFromEnvelope(
    sampleEvent({ source: 'new', provider: 'line', type: 'batch', orderingKey: 'bot', body }),
  );
  return { ...meta, ...sealed, tier, seq: '1', storedDay: '2026-11-28' };
}

async function kindsOf(bodies: readonly UnroutedEvent[], routes = 1): Promise<readonly string[]> {
  const client = { query: () => Promise.resolve() } as never;
  const fanOut = ruleOf({ routing: 'routed', routes: Array(routes).fill(routeConfig()) });
  const rules = { fanOut, providerOf: () => line };
  const decided = await decideLate(client, bodies, {
    rules,
    log: {} as never,
    wholeId: null,
    rest: { last: null },
  });
  return decided.map(({ kind }) => kind);
}

describe('bodies that are split late', () => {
  it('are as many as one transaction should store, by the bytes of their parts', async () => {
    const body = storedBody(MAX_SPLIT.bytes * 0.4);
    assert.deepEqual(await kindsOf([body, body, body, body]), ['split', 'split', 'left', 'left']);
  });

  it('are decided once behind what stays whole, which goes no earlier than they where it is behind them', async () => {
    const body = storedBody(PARTS);
    const whole = { ...body, ...storableFromEnvelope(sampleEvent({ source: 'new' })).sealed };
    assert.deepEqual(await kindsOf([whole, whole, body, body]), ['whole', 'whole', 'split', 'split']);
    assert.deepEqual(await kindsOf([body, whole, body]), ['split', 'left', 'left']);
  });

  it('are as many as one transaction should store, by their deliveries', async () => {
    const body = storedBody(PARTS);
    const routes = (MAX_SPLIT.deliveries * 0.4) / PARTS;
    assert.deepEqual(await kindsOf([body, body, body], routes), ['split', 'split', 'left']);
  });

  it('are split once each, also what one transaction has no room for', async () => {
    let splits = 0;
    const counted = {
      split(of: Parameters<NonNullable<typeof line.split>>[0]) {
        splits += 1;
        return line.split?.(of) ?? [];
      },
    };
    const how = {
      rules: { fanOut: ruleOf({ routing: 'unmatched' }), providerOf: () => counted },
      log: {} as never,
      wholeId: null,
      rest: { last: null },
    };
    const client = { query: () => Promise.resolve() } as never;
    const bodies = Array.from({ length: 3 }, () => storedBody(MAX_SPLIT.bytes * 0.6));
    for (let waiting: readonly UnroutedEvent[] = bodies; waiting.length > 0; ) {
      const decided = await decideLate(client, waiting, how);
      const left = decided.flatMap(({ kind, event }) => (kind === 'left' ? [event] : []));
      assert.equal(left.length, waiting.length - 1);
      waiting = left;
    }
    assert.equal(splits, bodies.length);
    // By other rules it is another decision.
    await decideLate(client, bodies, how);
    const others = { ...how, rules: { ...how.rules, fanOut: ruleOf({ routing: 'unmatched' }) } };
    await decideLate(client, bodies.slice(1), others);
    assert.equal(splits, bodies.length + 4);
  });
});
