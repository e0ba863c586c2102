import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { EventEnvelope } from '@ackline/shared/envelope';
import { sendgrid } from '@ackline/shared/providers/sendgrid';
import { createFanOutSteps } from '@ackline/shared/routing/fan-out';
import { ensureLanes } from '@ackline/store/lanes';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { createLaneStorer } from '../../src/storing/lane-storer.ts';
import type { StoringRules } from '../../src/storing/store-events.ts';
import { MAX_SPLIT } from '../../src/storing/split-event.ts';
import { destinationConfig, routeConfig, sourceConfig } from '../configs.ts';
import { appendToInbox, inboxNumbers, kafkaBatch, openPool, sampleEvent } from '../events.ts';
import { LARGEST_BATCH, sendgridBatch } from './sendgrid-batch.ts';

const SOURCE = { source: 'mail', provider: 'sendgrid', orderingKey: 'account' } as const;
/** As the ingress identifies it; each has an id of its own. */
function batch(body: Buffer): EventEnvelope {
  const event = sampleEvent({ ...SOURCE, type: 'batch', body });
  const identified = sendgrid.identify(event);
  assert.equal(identified.kind, 'event');
  return { ...event, dedupKey: identified.identity.dedupKey ?? event.id };
}

describe('bodies with thousands of events', () => {
  let database: TestDatabase;
  let pool: Pool;
  before(async () => {
    database = await createTestDatabase();
    pool = openPool(database.url);
    await ensureLanes(pool, 1);
  });
  beforeEach(async () => {
    await pool.query('truncate inbox, event_keys, events, deliveries, finished_deliveries, quarantine');
  });
  after(async () => {
    await pool.end();
    await database.close();
  });

  /** One route, by the type of the events. `transactions`: how many events each stored. */
  function setUp() {
    const transactions: number[] = [];
    const wholes: string[] = [];
    const match = { source: null, tenant: null, type: 'spamreport', where: null };
    const rules = {
      desk: { tryReserve: () => null, start: () => undefined, wake: () => undefined },
      destinations: new Map([['crm', destinationConfig({ ordering: 'key' })]]),
      providerOf: () => sendgrid,
      fanOut: createFanOutSteps({
        sources: [sourceConfig({ name: 'mail', provider: 'sendgrid' })],
        routes: [routeConfig({ match })],
      }),
    };
    const storerBy = (by: StoringRules) =>
      createLaneStorer({
        pool,
        lanes: () => 1,
        rules: () => by,
        listener: {
          stored({ stored, keptWhole }) {
            transactions.push(stored);
            wholes.push(...keptWhole.map(({ id }) => id));
          },
          quarantined: origin => assert.fail(origin),
          refused: reason => assert.fail(reason),
        },
      });
    const storerOfWhole = storerBy({ ...rules, providerOf: () => undefined });
    return { storer: storerBy(rules), storerOfWhole, transactions, wholes };
  }

  const idsOf = (body: Buffer) =>
    (JSON.parse(body.toString()) as { sg_event_id: string }[]).map(event => event.sg_event_id);

  async function storedKeys(): Promise<readonly string[]> {
    const { rows } = await pool.query<{ dedup_key: string }>('select dedup_key from events order by seq');
    return rows.map(row => row.dedup_key);
  }

  async function deliveries(): Promise<number> {
    const { rows } = await pool.query<{ count: number }>('select count(*)::int from deliveries');
    return rows[0]?.count ?? 0;
  }

  const bodies = ['one', 'two', 'three'].map(name => sendgridBatch(LARGEST_BATCH.length, name));
  const expected = bodies.flatMap(idsOf);

  for (const [from, store] of [
    [
      'the inbox',
      async (storer: ReturnType<typeof setUp>['storer'], events: readonly EventEnvelope[]) => {
        await appendToInbox(pool, events);
        assert.equal(await storer.storeInboxRows(await inboxNumbers(pool)), events.length);
      },
    ],
    [
      'Kafka',
      (storer: ReturnType<typeof setUp>['storer'], events: readonly EventEnvelope[]) =>
        storer.storeKafkaBatch(kafkaBatch(events)),
    ],
  ] as const) {
    it(`are stored out of ${from} an event each, in order, no more in a transaction than it may split`, async () => {
      const { storer, transactions } = setUp();
      await store(storer, bodies.map(batch));
      assert.deepEqual(await storedKeys(), expected);
      assert.equal(await deliveries(), expected.length);
      assert.ok(Math.max(...transactions) <= MAX_SPLIT.parts, transactions.join());
      assert.deepEqual(await inboxNumbers(pool), []);
    });
  }

  it('are known by their events when these come again among others', async () => {
    const { storer, transactions } = setUp();
    const [first = LARGEST_BATCH] = bodies;
    const again = Buffer.from(first.toString().replace('[', '[{"event":"open","sg_event_id":"new"},\r\n'));
    await storer.storeKafkaBatch(kafkaBatch([batch(first)]));
    await storer.storeKafkaBatch(kafkaBatch([batch(again)], { first: 1n }));
    assert.deepEqual(transactions, [idsOf(first).length, 1]);
    assert.deepEqual((await storedKeys()).at(-1), 'new');
  });

  const copies = () => {
    const event = batch(sendgridBatch(1_000, 'twice'));
    return { event, parts: idsOf(Buffer.from(event.body)) };
  };
  async function storeBoth(
    event: EventEnvelope,
    [first, second]: readonly ('split' | 'whole')[],
    again = event,
  ) {
    const { storer, storerOfWhole } = setUp();
    const by = { split: storer, whole: storerOfWhole };
    await by[first ?? 'split'].storeKafkaBatch(kafkaBatch([event]));
    await appendToInbox(pool, [again]);
    assert.equal(await by[second ?? 'split'].storeInboxRows(await inboxNumbers(pool)), 1);
  }

  describe('that their provider sends once more', () => {
    const again = ({ body }: EventEnvelope) => batch(Buffer.from(body));

    it('are stored once where the first stayed whole and the second would be split', async () => {
      const { event } = copies();
      await storeBoth(event, ['whole', 'split'], again(event));
      assert.deepEqual(await storedKeys(), [event.dedupKey]);
    });

    it('are stored once where the first was split and the second would stay whole, or be split', async () => {
      const { event, parts } = copies();
      await storeBoth(event, ['split', 'whole'], again(event));
      assert.deepEqual(await storedKeys(), parts);
      await storeBoth(event, ['split', 'split'], again(event));
      assert.deepEqual(await storedKeys(), parts);
    });

    it('are stored twice where an event of theirs has no id: who knows whether it is the same', async () => {
      const event = batch(Buffer.from('[{"event":"open","sg_event_id":"a"},{"event":"open"}]'));
      await storeBoth(event, ['split', 'split'], again(event));
      const stored = await storedKeys();
      assert.equal(stored.length, 3);
      assert.equal(stored.filter(key => key === 'a').length, 1);
    });
  });

  describe('that come twice, in two logs', () => {
    it('are stored once where the first stayed whole and the second would be split', async () => {
      const { event } = copies();
      await storeBoth(event, ['whole', 'split']);
      assert.deepEqual(await storedKeys(), [event.dedupKey]);
    });

    it('are stored once where the first was split and the second would stay whole', async () => {
      const { event, parts } = copies();
      assert.ok(parts.length > 1);
      await storeBoth(event, ['split', 'whole']);
      assert.deepEqual(await storedKeys(), parts);
    });

    it('are stored once where both are in one batch, and both in two', async () => {
      const { event, parts } = copies();
      await appendToInbox(pool, [event]);
      await setUp().storer.storeKafkaBatch(kafkaBatch([event]));
      assert.deepEqual(await inboxNumbers(pool), []);
      await storeBoth(event, ['split', 'split']);
      assert.deepEqual(await storedKeys(), parts);
    });
  });

  it('are whole, with all their bytes, where they have more than one transaction should store', async () => {
    const { storer, transactions, wholes } = setUp();
    const body = Buffer.from(`[${'{"event":"open"},'.repeat(MAX_SPLIT.parts)}{"event":"open"}]`);
    const event = batch(body);
    await storer.storeKafkaBatch(kafkaBatch([event]));
    assert.deepEqual(transactions, [1]);
    assert.deepEqual(wholes, [event.id]);
    const { rows } = await pool.query<{ type: string; body: Buffer }>('select type, body from events');
    assert.deepEqual(rows, [{ type: 'batch', body }]);
  });
});
