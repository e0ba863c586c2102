import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ACK_BOUNDS_MS, ACK_BUCKETS } from '@ackline/store/ack-buckets';
import { createToken } from '@ackline/store/console-tokens';
import { pauseDestination } from '@ackline/store/destinations';
import { writeHeartbeat } from '@ackline/store/processors';
import { insertReplay } from '@ackline/store/replays';
import { addTotals } from '@ackline/store/totals';
import type { Pool } from 'pg';
import { type ConsoleBed, openConsoleBed, type StartedConsole } from './support/console.ts';
import { storeEvent } from './support/rows.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

describe('the overview', () => {
  let bed: ConsoleBed;
  let pool: Pool;
  let ackline: StartedConsole;
  before(async () => {
    bed = await openConsoleBed();
    ({ pool, console: ackline } = bed);
  });
  after(() => bed[Symbol.asyncDispose]());
  beforeEach(async () => {
    await pool.query(
      'truncate source_totals, delivery_totals, deliveries, processors, replays, replay_items, paused_destinations',
    );
  });

  /** As an ingress and a processor tell it, so many minutes ago. */
  async function tell(minutesAgo: number, tenant: 'crimson' | 'azure', count: number): Promise<void> {
    const at = new Date(Math.floor(Date.now() / MINUTE_MS - minutesAgo) * MINUTE_MS);
    const source = `${tenant}-hooks`;
    const bucket = ACK_BOUNDS_MS.indexOf(4);
    await addTotals(pool, at, {
      sources: [
        {
          source,
          tenant,
          acceptedKafka: 0,
          acceptedInbox: count,
          acceptedSpool: 1,
          acks: Array.from({ length: ACK_BUCKETS }, (_, place) => (place === bucket ? count + 1 : 0)),
          storedKafka: 0,
          storedInbox: count,
        },
      ],
      deliveries: [{ source, tenant, destination: 'crm', delivered: count, failed: 2, parked: 1 }],
    });
  }
  const overview = async (query: Record<string, string> = {}, token?: string) =>
    (await ackline.call('readOverview', { query, ...(token === undefined ? {} : { token }) })).json;
  const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0);
  const ago = (ms: number) => new Date(Date.now() - ms).toISOString();

  it('of an installation where nothing happened yet has a point for each minute, and nothing in it', async () => {
    const shown = await overview();
    assert.ok(shown.points.at.length >= 60 && shown.points.at.length <= 62);
    assert.equal(shown.stepS, 60);
    assert.equal(sum(shown.points.stored), 0);
    assert.deepEqual([shown.now.acks, shown.now.tier, shown.now.lag, shown.sources], [null, null, null, []]);
    assert.deepEqual([shown.now.parked.count, shown.now.replays.pending], [0, 0]);
  });

  it('has what was told, at its time, by source and destination', async () => {
    await tell(3, 'crimson', 10);
    await tell(2, 'crimson', 20);
    await tell(2, 'azure', 5);
    const { points, sources, destinations, now } = await overview();
    const place = points.at.length - 3;
    // The minute may have ended since.
    const [older, newer] = points.stored.filter((count: number) => count > 0);
    assert.deepEqual([older, newer], [10, 25]);
    assert.ok(Math.abs(points.stored.indexOf(25) - place) <= 1);
    assert.equal(sum(points.accepted.inbox), 35);
    assert.equal(sum(points.accepted.spool), 3);
    assert.deepEqual([sum(points.delivered), sum(points.failed), sum(points.parked)], [35, 6, 3]);
    assert.deepEqual(
      sources.map(
        ({ source, accepted, stored }: { source: string; accepted: number[]; stored: number[] }) => [
          source,
          sum(accepted),
          sum(stored),
        ],
      ),
      [
        ['crimson-hooks', 32, 30],
        ['azure-hooks', 6, 5],
      ],
    );
    assert.deepEqual(destinations, [{ destination: 'crm', delivered: 35, failed: 6, parked: 3 }]);
    assert.equal(now.acks.answers, 38);
    assert.ok(now.acks.p50Ms > 3 && now.acks.p50Ms <= 4, String(now.acks.p50Ms));
    assert.equal(now.tier.inUse, 'inbox');
  });

  it('goes 30 days back in no more than 360 points, on the grid of what is kept', async () => {
    await tell(45, 'crimson', 7);
    for (const [days, stepS] of [
      [0.25, 60],
      [0.26, 600],
      [1, 600],
      [7, 3_600],
      [30, 10_800],
      [400, 10_800],
    ] as const) {
      const shown = await overview({ since: ago(days * DAY_MS - 1_000) });
      assert.equal(shown.stepS, stepS);
      assert.ok(shown.points.at.length <= 362, String(shown.points.at.length));
      assert.equal(Date.parse(shown.since) % (stepS * 1_000), 0);
      assert.equal(sum(shown.points.stored), 7);
    }
    const refused = await ackline.call('readOverview', { query: { since: ago(-60_000) } });
    assert.deepEqual([refused.status, refused.json.code], [400, 'ACKLINE_CALL_INVALID']);
  });

  it('says what is so now, and when that was measured', async () => {
    await storeEvent(pool, { deliveries: [{ state: 'parked', attempts: [{ status: 503 }] }] });
    await pauseDestination(pool, 'bot', { reason: 'why not', actor: 'me' });
    await insertReplay(pool, {
      filter: { state: 'parked', source: 'crimson-hooks' },
      actor: 'me',
      ratePerS: 1,
      trickle: 1,
    });
    const intake = {
      inbox: { rows: 3, oldestAgeMs: 9_000 },
      kafka: { lag: 4, lagSince: Date.now() - 20_000 },
    };
    await writeHeartbeat(pool, 'one', { intake });
    await writeHeartbeat(pool, 'of another release', { intake: 'unknown' });
    const { now } = await overview();
    assert.equal(now.lag.waiting, 7);
    assert.ok(now.lag.seconds >= 20 && now.lag.seconds < 80, String(now.lag.seconds));
    assert.deepEqual(now.breakers.items, [
      { destination: 'bot', breaker: 'closed', probeInMs: null, paused: true },
    ]);
    assert.equal(now.breakers.closed, 1);
    assert.deepEqual([now.parked.count, now.parked.hasMore, now.replays.pending], [1, false, 1]);
    for (const { measuredAt } of [now.lag, now.breakers, now.parked, now.replays])
      assert.ok(Math.abs(Date.now() - Date.parse(measuredAt)) < 60_000);
  });

  it("has for a token of a tenant that tenant's figures alone, and nothing of what all share", async () => {
    await tell(2, 'crimson', 20);
    await tell(2, 'azure', 5);
    await writeHeartbeat(pool, 'one', { intake: { inbox: { rows: 3, oldestAgeMs: 9_000 }, kafka: null } });
    await storeEvent(pool, { deliveries: [{ state: 'parked', attempts: [{ status: 503 }] }] });
    const token = await createToken(pool, {
      name: 'azure',
      scopes: ['view'],
      tenant: 'azure',
      expiresInMs: null,
      actor: 'me',
    });
    const { points, sources, destinations, now } = await overview({}, token!);
    assert.equal(sum(points.stored), 5);
    assert.deepEqual([sources.length, sources[0].source, destinations[0].delivered], [1, 'azure-hooks', 5]);
    assert.deepEqual([now.lag, now.breakers, now.parked.count, now.acks.answers], [null, null, 0, 6]);
  });
});
