/**
 * Takes events out of the logs and into the store. The processor's hard part:
 *
 * S1. One batch of one lane is one transaction: dedup keys, events, deliveries, inbox rows taken, and the lane's offset
 *     commit together or not at all. A process that dies anywhere leaves nothing half done.
 * S2. Storing a lane is serial over all processors: each transaction first locks the lane's row. So `seq` order is the
 *     order of storing for each key, and no delivery of a key appears behind a later one.
 * S3. Waiting inbox rows of a Kafka batch's keys are stored in the same transaction, each at its place (`placeInboxRows`).
 * S4. A record that can't be stored is kept in quarantine with the reason, and passed. Only a row that fails alone with
 *     SQLSTATE class 22 or 23 is one; any other failure (time-out, deadlock, full disk) fails the batch, which is retried.
 * S5. First attempts start only after the commit; reservations of a failed transaction are given back.
 */
import { laneOf, keyHash } from '@ackline/eventlog/lane';
import type { KafkaRecord, LaneBatch } from '@ackline/eventlog/kafka-consumer';
import { AppError } from '@ackline/shared/app-error';
import { decodeMeta } from '@ackline/shared/envelope-codec';
import { findProvider } from '@ackline/shared/providers/registry';
import { recordKey } from '@ackline/shared/record-key';
import { open, seal } from '@ackline/shared/seal';
import { type QuarantinedRecord, quarantine } from '@ackline/store/events';
import { peekInboxOfKeys, peekInboxRows, type TakenInboxRow, takeInboxRows } from '@ackline/store/inbox';
import { lockFreeLanes, lockLane, writeLaneOffset } from '@ackline/store/lanes';
import { inTransaction } from '@ackline/store/transaction';
import type { Pool, PoolClient } from 'pg';
import type { ReadyStart } from '../delivery/desk.ts';
import { firstWithinBytes, type Placement, placeInboxRows } from './merge-inbox.ts';
import { splitEvent } from './split-event.ts';
import { type StorableEvent, storableFromEnvelope } from './storable.ts';
import { type StoredBatch, storeEvents, type StoringRules } from './store-events.ts';

/** Inbox rows that one transaction takes: more wait for the next. */
const MAX_INBOX_ROWS = 500;
/** Their bodies: a row may have 25 MiB, and a batch is held in memory whole. */
const MAX_INBOX_BYTES = 16 * 1024 * 1024;

export interface LaneStorer {
  storeKafkaBatch(batch: LaneBatch): Promise<void>;
  /** Stores these inbox rows, as far as nobody else has their lane just now; returns how many it took. */
  storeInboxRows(ns: readonly string[]): Promise<number>;
}

/** Told of what was committed. */
export interface StoreListener {
  stored(batch: StoredBatch): void;
  quarantined(origin: string, reason: string): void;
}

export interface LaneStorerDeps {
  readonly pool: Pool;
  /** How many lanes the topic has; may change when the broker first answers. */
  readonly lanes: () => number;
  readonly rules: StoringRules;
  readonly listener: StoreListener;
}

/** An event, or what was found in its place. */
type Found =
  | { readonly kind: 'event'; readonly origin: string; readonly event: StorableEvent }
  | { readonly kind: 'invalid'; readonly record: QuarantinedRecord };

type Item = Found & {
  /** Takes it, and nothing else, out of its log, under its lane's lock; false: it is not there any more. */
  readonly takeAlone: (client: PoolClient) => Promise<boolean>;
};

export function createLaneStorer(deps: LaneStorerDeps): LaneStorer {
  const transact = createTransactor(deps);

  async function storeKafkaBatch(batch: LaneBatch): Promise<void> {
    for (;;) {
      const next = await storeKafkaStep(batch);
      if (next === 'done') return;
      if (next === 'halve') {
        for (const half of halves(batch)) await storeKafkaBatch(half);
        return;
      }
    }
  }

  async function storeKafkaStep(batch: LaneBatch): Promise<KafkaStep['next']> {
    let step: KafkaStep = { next: 'done', items: [] };
    try {
      await transact(async client => {
        await lockLane(client, batch.lane); // (S2)
        step = await planKafkaStep(client, batch);
        if (step.next === 'done') await writeLaneOffset(client, batch); // (S1)
        return step.items;
      });
    } catch (error) {
      if (!isPoison(error)) throw error;
      for (const item of step.items) await storeAlone(transact, item); // (S4)
      if (step.next === 'done') await passOffset(batch);
    }
    return step.next;
  }

  function passOffset(batch: LaneBatch): Promise<void> {
    return transact(async client => {
      await lockLane(client, batch.lane);
      await writeLaneOffset(client, batch);
      return [];
    });
  }

  async function storeInboxRows(ns: readonly string[]): Promise<number> {
    let items: readonly Item[] = [];
    try {
      await transact(async client => {
        const rows = await takeFreeRows(client, ns, deps.lanes());
        items = rows.map(row => inboxItem(row, laneOf(row.keyHash, deps.lanes())));
        return items;
      });
    } catch (error) {
      if (!isPoison(error)) throw error;
      for (const item of items) await storeAlone(transact, item); // (S4)
    }
    return items.length;
  }

  return { storeKafkaBatch, storeInboxRows };
}

/** Stores one item in a transaction of its own, or else quarantines it (S4). */
async function storeAlone(transact: Transact, item: Item): Promise<void> {
  const run = (only: Item) => transact(async client => ((await only.takeAlone(client)) ? [only] : []));
  try {
    await run(item);
  } catch (error) {
    if (!isPoison(error)) throw error;
    await run(asInvalid(item, `SQLSTATE ${error.code}`)); // (S4)
  }
}

/** Runs one transaction: `take` locks and takes from the logs, and what it returns is stored. */
type Transact = (take: (client: PoolClient) => Promise<readonly Item[]>) => Promise<void>;

function createTransactor({ pool, rules, listener }: LaneStorerDeps): Transact {
  return async take => {
    const reserved: ReadyStart[] = [];
    const invalid: QuarantinedRecord[] = [];
    const work = async (client: PoolClient) => {
      const items = await take(client);
      invalid.push(...items.flatMap(item => (item.kind === 'invalid' ? [item.record] : [])));
      if (invalid.length > 0) await quarantine(client, invalid); // (S4)
      const events = items.flatMap(item =>
        item.kind === 'event' ? splitEvent(item.event, findProvider(item.event.meta.provider)) : [],
      );
      const stored = await storeEvents(client, events, rules);
      reserved.push(...stored.starts);
      return stored;
    };
    const batch = await inTransaction(pool, work).catch((error: unknown) => {
      for (const start of reserved) start.reservation.cancel(); // (S5)
      throw error;
    });
    for (const record of invalid) listener.quarantined(record.origin, record.reason);
    listener.stored(batch);
    rules.desk.start(batch.starts); // (S5)
    if (batch.leftDue > 0) rules.desk.wake();
  };
}

/**
 * What one transaction stores of a Kafka batch. `done`: all of it. `again`: only waiting rows that come before it, since there
 * are more than one transaction takes. `halve`: nothing; fewer records have fewer keys, and so fewer rows.
 */
interface KafkaStep {
  readonly next: 'done' | 'again' | 'halve';
  readonly items: readonly Item[];
}

/** The batch's records with the waiting inbox rows of their keys in between (S3). */
async function planKafkaStep(client: PoolClient, batch: LaneBatch): Promise<KafkaStep> {
  const hashes = new Set(
    batch.records.flatMap(record => ('event' in record ? [keyHash(recordKey(record.event))] : [])),
  );
  const waiting = await peekInboxOfKeys(client, [...hashes], MAX_INBOX_ROWS);
  if (waiting.length === 0) return { next: 'done', items: batch.records.map(r => kafkaItem(batch, r)) };
  const seen = firstWithinBytes(waiting, MAX_INBOX_BYTES);
  const placements = placeInboxRows(
    seen,
    batch.records.map(record => record.offset),
  );
  const mayBeMore = seen.length < waiting.length || waiting.length === MAX_INBOX_ROWS;
  if (!mayBeMore) return { next: 'done', items: await mergeRows(client, batch, placements) };
  const first = batch.records[0]?.offset;
  const early = placements.filter(placement => placement.beforeOffset === first);
  if (early.length > 0)
    return { next: 'again', items: await mergeRows(client, { ...batch, records: [] }, early) };
  if (batch.records.length > 1) return { next: 'halve', items: [] };
  // One key, none of whose rows comes before its record: nor do those that were not seen.
  return { next: 'done', items: batch.records.map(record => kafkaItem(batch, record)) };
}

/** Takes the placed rows, and puts each before its record; what is placed before no record here comes first. */
async function mergeRows(
  client: PoolClient,
  batch: LaneBatch,
  placements: readonly Placement[],
): Promise<readonly Item[]> {
  const places = new Map(placements.map(({ n, beforeOffset }) => [n, beforeOffset]));
  const taken = await takeInboxRows(client, [...places.keys()]);
  const rowsBefore = (offset: bigint) => taken.filter(row => places.get(row.n) === offset);
  const offsets = new Set(batch.records.map(record => record.offset));
  const alone = taken.filter(row => !offsets.has(places.get(row.n) ?? -1n));
  return [
    ...alone.map(row => inboxItem(row, batch.lane)),
    ...batch.records.flatMap(record => [
      ...rowsBefore(record.offset).map(row => inboxItem(row, batch.lane)),
      kafkaItem(batch, record),
    ]),
  ];
}

function halves(batch: LaneBatch): readonly LaneBatch[] {
  const middle = Math.ceil(batch.records.length / 2);
  const rest = batch.records.slice(middle);
  const [next] = rest;
  if (next === undefined) return [batch];
  const first = { ...batch, records: batch.records.slice(0, middle), nextOffset: next.offset };
  return [first, { ...batch, records: rest }];
}

async function takeFreeRows(
  client: PoolClient,
  ns: readonly string[],
  lanes: number,
): Promise<readonly TakenInboxRow[]> {
  const waiting = await peekInboxRows(client, ns);
  if (waiting.length === 0) return [];
  const wanted = new Set(waiting.map(row => laneOf(row.keyHash, lanes)));
  const free = new Set(await lockFreeLanes(client, [...wanted])); // (S2)
  const mine = firstWithinBytes(
    waiting.filter(row => free.has(laneOf(row.keyHash, lanes))),
    MAX_INBOX_BYTES,
  );
  return mine.length === 0
    ? []
    : takeInboxRows(
        client,
        mine.map(row => row.n),
      );
}

function kafkaItem(batch: LaneBatch, record: KafkaRecord): Item {
  return {
    ...foundInKafka(batch.lane, record),
    async takeAlone(client) {
      await lockLane(client, batch.lane); // (S2)
      await writeLaneOffset(client, { ...batch, nextOffset: record.offset + 1n }); // (S1)
      return true;
    },
  };
}

function foundInKafka(lane: number, record: KafkaRecord): Found {
  const origin = `kafka:${lane}:${record.offset}`;
  if ('event' in record) return { kind: 'event', origin, event: storableFromEnvelope(record.event) };
  const { reason, headersBytes, value } = record.invalid;
  const meta = seal(headersBytes);
  return {
    kind: 'invalid',
    record: { origin, reason, keyId: meta.keyId, meta: meta.bytes, body: seal(value).bytes },
  };
}

function inboxItem(row: TakenInboxRow, lane: number): Item {
  return {
    ...foundInInbox(row),
    async takeAlone(client) {
      await lockLane(client, lane); // (S2)
      return (await takeInboxRows(client, [row.n])).length > 0;
    },
  };
}

function foundInInbox(row: TakenInboxRow): Found {
  const origin = `inbox:${row.id}`;
  const sealed = { keyId: row.keyId, meta: row.meta, body: row.body };
  try {
    const meta = decodeMeta(open({ keyId: row.keyId, bytes: row.meta }));
    const body = open({ keyId: row.keyId, bytes: row.body });
    return { kind: 'event', origin, event: { meta, body, tier: 'inbox', sealed } };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { kind: 'invalid', record: { origin, reason: error.code, ...sealed } };
  }
}

function asInvalid(item: Item, reason: string): Item {
  if (item.kind === 'invalid') return item;
  const { origin, event, takeAlone } = item;
  return { kind: 'invalid', record: { origin, reason, ...event.sealed }, takeAlone };
}

/** Class 22: a value that PostgreSQL can't hold; class 23: a constraint refuses it. Trying again can't help. */
function isPoison(error: unknown): error is Error & { code: string } {
  return error instanceof Error && 'code' in error && /^2[23]/.test(String(error.code));
}
