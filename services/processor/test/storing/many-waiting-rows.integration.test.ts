import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { createInboxLog } from '@ackline/eventlog/inbox-log';
import type { EventEnvelope } from '@ackline/shared/envelope';
import { ensureLanes, readLaneOffsets } from '@ackline/store/lanes';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import type { Pool } from 'pg';
import { createFanOutSteps } from '@ackline/shared/routing/fan-out';
import { createLaneStorer } from '../../src/storing/lane-storer.ts';
import { sourceConfig } from '../configs.ts';
import { kafkaBatch, openPool, sampleEvent, TOPIC_ID } from '../events.ts';

/** More than one transaction takes. */
const ROWS = 1_100;

describe('a Kafka batch whose keys have more waiting inbox rows than one transaction takes', () => {
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

  const storer = () =>
    createLaneStorer({
      pool,
      lanes: () => 1,
      rules: () => ({
        desk: { tryReserve: () => null, start: () => undefined, wake: () => undefined },
        destinations: new Map(),
        providerOf: () => undefined,
        fanOut: createFanOutSteps({ sources: [sourceConfig()], routes: [] }),
      }),
      listener: { stored: () => undefined, quarantined: () => undefined, refused: () => undefined },
    });

  const eventsOf = (key: string, count: number) =>
    Array.from({ length: count }, () => sampleEvent({ orderingKey: key }));

  async function storedIds(): Promise<string[]> {
    const { rows } = await pool.query<{ id: string }>('select id from events order by seq');
    return rows.map(row => row.id);
  }

  /** In order, some hundreds a statement. */
  async function append(events: readonly EventEnvelope[], afterOffset?: bigint): Promise<void> {
    const log = createInboxLog({ pool });
    for (let from = 0; from < events.length; from += 400) {
      await Promise.all(events.slice(from, from + 400).map(event => log.append(event, afterOffset)));
    }
    await log.close();
  }

  const ids = (events: readonly EventEnvelope[]) => events.map(event => event.id);

  it('is stored behind all of those that come before it', async () => {
    const rows = eventsOf('chat', ROWS);
    const [record] = eventsOf('chat', 1);
    assert.ok(record !== undefined);
    await append(rows);
    await storer().storeKafkaBatch(kafkaBatch([record], { first: 7n }));
    assert.deepEqual(await storedIds(), [...ids(rows), record.id]);
    assert.deepEqual(await readLaneOffsets(pool, TOPIC_ID), [{ lane: 0, nextOffset: 8n }]);
  });

  it('is stored before all of those that come after it, which stay', async () => {
    const rows = eventsOf('chat', ROWS);
    const [record] = eventsOf('chat', 1);
    assert.ok(record !== undefined);
    await append(rows, 7n);
    await storer().storeKafkaBatch(kafkaBatch([record], { first: 7n }));
    assert.deepEqual(await storedIds(), [record.id]);
  });

  it('is cut until each of its keys has its rows in place', async () => {
    const early = eventsOf('early', ROWS);
    const between = eventsOf('between', ROWS);
    const records = [...eventsOf('between', 1), ...eventsOf('early', 1), ...eventsOf('between', 1)];
    await append(between, 0n);
    await append(early);
    await storer().storeKafkaBatch(kafkaBatch(records));
    const stored = await storedIds();
    const [first, second, third] = ids(records);
    const places = new Map(stored.map((id, place) => [id, place]));
    const placeOf = (id: string | undefined) => places.get(id ?? '') ?? Number.NaN;
    assert.equal(stored.length, 2 * ROWS + 3);
    assert.ok(between.every(row => placeOf(row.id) > placeOf(first) && placeOf(row.id) < placeOf(third)));
    assert.ok(early.every(row => placeOf(row.id) < placeOf(second)));
  });
});
