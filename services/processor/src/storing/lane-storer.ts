/**
 * Takes events out of the logs and into the store. The processor's hard part:
 *
 * S1. One batch of one lane is one transaction: dedup keys, events, deliveries, inbox rows taken, and the lane's offset
 *     commit together or not at all. A process that dies anywhere leaves nothing half done.
 * S2. Storing a lane is serial over all processors: each transaction first locks the lane's row. So `seq` order is the
 *     order of storing for each key, and no delivery of a key appears behind a later one.
 * S3. Waiting inbox rows of a Kafka batch's keys are stored in the same transaction, each at its place (`placeInboxRows`).
 * S4. A record that can't be stored is kept in quarantine with the reason, and passed. It is found by halving (`bisect.ts`): only
 *     a row that fails alone, with SQLSTATE class 22 or 54 or by a constraint that has a name, is one. Any other failure (time-out,
 *     deadlock, full disk, missing partition) fails the batch, which is retried; what takes too long is stored in halves, and of a body
 *     that does so alone, its events in one, though a plain event takes no such time, the whole is stored as one event; one that
 *     waits for a lock waits on (55P03: `lock_timeout` is shorter than the limit, so that the two are told apart). Where
 *     PostgreSQL refuses a plain event in the row's place too, the fault is not the row's: nothing is quarantined, the lane waits.
 *     Where it takes that one, the row is tried once more: the refusal may have ended between the two.
 * S5. First attempts start only after the commit; reservations of a failed transaction are given back.
 * S6. What may take long to compute (the filters of the routes) is computed in turn with all else, and for as long as a transaction
 *     may stand still at most: what takes longer is decided outside of it, and a batch is halved where that takes long too, or where its
 *     bodies have more parts than one transaction should store. What was decided is kept, so each try gets further.
 * S7. Nothing of a lane is stored behind what PostgreSQL has lost of it (LaneBehind): the lane is read anew from where it stands.
 */
import { MAX_STORED_BYTES } from '@ackline/eventlog/inbox-release';
import { laneOf } from '@ackline/eventlog/lane';
import type { LaneBatch } from '@ackline/eventlog/kafka-consumer';
import { type QuarantinedRecord, quarantine } from '@ackline/store/events';
import { peekInboxOfKeys, peekInboxRows, type TakenInboxRow, takeInboxRows } from '@ackline/store/inbox';
import { lockFreeLanes, lockLaneOf, writeLaneOffset } from '@ackline/store/lanes';
import { inTransaction } from '@ackline/store/transaction';
import type { Pool, PoolClient } from 'pg';
import type { StoredFrom } from './batch-log.ts';
import { type Bisector, createBisector, type Transact } from './bisect.ts';
import { createDecisions, type Decisions, DecidesTooMuch } from './decisions.ts';
import type { ReadyStart } from './desk.ts';
import { batchRecords, inboxItem, type Item, type KafkaWork, kafkaWork, markUncertain } from './lane-item.ts';
import { keyHashesOf, type Placement, rowsWithinBytes } from './merge-inbox.ts';
import { type KafkaPlan, planKafkaStep } from './plan-kafka-step.ts';
import type { StorableEvent } from './storable.ts';
import { type StoredBatch, storeEvents, type StoringRules } from './store-events.ts';
import { isPoison, isTooLong, isTooMuch } from './store-failures.ts';

/** Inbox rows that one transaction takes: more wait for the next. */
const MAX_INBOX_ROWS = 500;

export interface LaneStorer {
  storeKafkaBatch(batch: LaneBatch): Promise<void>;
  /** Stores these inbox rows, as far as nobody else has their lane just now; returns how many it took. */
  storeInboxRows(ns: readonly string[]): Promise<number>;
}

/** Told of what was committed. */
export interface StoreListener {
  stored(batch: StoredBatch, from: StoredFrom): void;
  /** A call failed, and is tried again. */
  failed?(error: unknown): void;
  quarantined(origin: string, reason: string): void;
  /** PostgreSQL refuses every event: said again at each try while it lasts. */
  refused(reason: string): void;
}

/** What a transaction took, as far as it came. */
interface Taken {
  readonly items: readonly Item[];
  readonly events: readonly StorableEvent[];
}

export interface CommittedBatch extends Taken {
  /** Epoch milliseconds. */
  readonly startMs: number;
  /** Those of `events` that were new. */
  readonly fresh: readonly StorableEvent[];
}

export interface FailedBatch extends Taken {
  readonly startMs: number;
  readonly error: unknown;
}

/** Told of each transaction. Never throws. */
export interface StoreTraces {
  committed(batch: CommittedBatch): void;
  failed(batch: FailedBatch): void;
}

export interface LaneStorerDeps {
  readonly pool: Pool;
  /** How many lanes the topic has; may change when the broker first answers. */
  readonly lanes: () => number;
  /** What is in force; asked once for each transaction, which is under one configuration. */
  readonly rules: () => StoringRules;
  readonly listener: StoreListener;
  /** null: there are none. */
  readonly traces?: StoreTraces | null;
}

export function createLaneStorer(deps: LaneStorerDeps): LaneStorer {
  const decisions = createDecisions();
  const transact = createTransactor(deps, decisions);
  const bisector = createBisector(transact, { ...deps, decisions });
  const storeKafkaBatch = createKafkaStorer(transact, bisector);
  const storeInboxRows = createInboxStorer(transact, bisector, deps.lanes);
  const toldOf = (error: unknown) => {
    deps.listener.failed?.(error);
    throw error;
  };
  return {
    storeKafkaBatch: batch => storeKafkaBatch(batch).catch(toldOf),
    storeInboxRows: ns => storeInboxRows(ns).catch(toldOf),
  };
}

function createKafkaStorer(transact: Transact, bisector: Bisector): LaneStorer['storeKafkaBatch'] {
  async function storeBatch(batch: KafkaWork, maxRows: number): Promise<void> {
    for (let rows = maxRows; ; ) {
      const step = await storeStep(batch, rows);
      if (step.next === 'done') return;
      if (step.next === 'halve') {
        for (const half of halves(batch)) await storeBatch(half, rows);
        return;
      }
      rows = step.maxRows;
    }
  }

  async function storeStep(batch: KafkaWork, maxRows: number): Promise<NextStep> {
    const tried: TriedStep = { rows: null, plan: null, items: [] };
    try {
      await transact(async client => {
        await lockLaneOf(client, batch); // (S2, S7)
        tried.rows = 0;
        const records = batchRecords(batch.items);
        const waiting = await peekInboxOfKeys(client, keyHashesOf(records), maxRows); // (S3)
        tried.rows = waiting.length;
        tried.plan = planKafkaStep(records, waiting, { rows: maxRows, bytes: MAX_STORED_BYTES });
        tried.items = await takePlanned(client, batch, tried.plan);
        if (tried.plan.kind === 'whole') await writeLaneOffset(client, batch); // (S1)
        return tried.items;
      }, batch.items);
    } catch (error) {
      const smaller = smallerStep(batch, tried, error);
      if (smaller !== null) return smaller; // (S4)
      if (error instanceof DecidesTooMuch)
        await bisector.store(tried.items); // (S6)
      else if (isPoison(error) || (tried.items.length > 0 && isTooMuch(error)))
        await bisector.storeApart(tried.items, error); // (S4)
      else throw error;
    }
    return nextOf(tried.plan, maxRows);
  }

  return batch => storeBatch(kafkaWork(batch), MAX_INBOX_ROWS);
}

function createInboxStorer(
  transact: Transact,
  bisector: Bisector,
  lanes: () => number,
): LaneStorer['storeInboxRows'] {
  async function storeRows(ns: readonly string[]): Promise<number> {
    let items: readonly Item[] = [];
    try {
      await transact(async client => {
        const rows = await takeFreeRows(client, ns, lanes());
        items = rows.map(row => inboxItem(row, laneOf(row.keyHash, lanes())));
        return items;
      }, []);
    } catch (error) {
      if (ns.length > 1 && (isTooLong(error) || (items.length > 0 && isTooMuch(error))))
        return storeHalves(ns); // (S4)
      if (error instanceof DecidesTooMuch)
        await bisector.store(items); // (S6)
      else if (isPoison(error) || (items.length > 0 && isTooMuch(error)))
        await bisector.storeApart(items, error); // (S4)
      else throw error;
    }
    return items.length;
  }

  async function storeHalves(ns: readonly string[]): Promise<number> {
    const middle = Math.ceil(ns.length / 2);
    const took = await storeRows(ns.slice(0, middle));
    // What was left behind must not be overtaken by later rows of its keys.
    return took < middle ? took : took + (await storeRows(ns.slice(middle)));
  }

  return storeRows;
}

function createTransactor(
  { pool, rules, listener, traces = null }: LaneStorerDeps,
  decisions: Decisions,
): Transact {
  return async (take, known) => {
    const inForce = rules();
    const startMs = Date.now();
    let taken: Taken = { items: [], events: [] };
    const reserved: ReadyStart[] = [];
    let kept: readonly QuarantinedRecord[] = [];
    const startedAt = performance.now();
    let items: readonly Item[] = [];
    await decisions.before(known, inForce); // (S6)
    const work = async (client: PoolClient) => {
      items = await take(client);
      const invalid = items.flatMap(item => (item.kind === 'invalid' ? [item.record] : []));
      const origins = invalid.length > 0 ? await quarantine(client, invalid) : null; // (S4)
      kept = invalid.filter(record => origins?.has(record.origin));
      taken = { items, events: [] };
      const decided = await decisions.within(items, inForce); // (S6)
      taken = { items, events: decided.map(({ event }) => event) };
      const stored = await storeEvents(client, decided, inForce);
      reserved.push(...stored.starts);
      return stored;
    };
    const batch = await inTransaction(pool, work).catch((error: unknown) => {
      for (const start of reserved) start.reservation.giveBackUnheard(); // (S5)
      traces?.failed({ startMs, ...taken, error });
      throw error;
    });
    decisions.forget(items);
    for (const record of kept) listener.quarantined(record.origin, record.reason);
    listener.stored(batch, { items, ms: performance.now() - startedAt });
    inForce.desk.start(batch.starts); // (S5)
    if (batch.leftDue.length > 0) inForce.desk.wake(batch.leftDue);
    traces?.committed({ startMs, ...taken, fresh: batch.fresh });
  };
}

/** How far a step came before its transaction ended. */
interface TriedStep {
  /** Waiting rows that were seen; null: the lane's lock was not had, so that a smaller batch would wait as long. */
  rows: number | null;
  plan: KafkaPlan | null;
  items: readonly Item[];
}

/** `again`: the batch as it is, with so many inbox rows at most. */
type NextStep =
  | { readonly next: 'done' }
  | { readonly next: 'halve' }
  | { readonly next: 'again'; readonly maxRows: number };

function nextOf(plan: KafkaPlan | null, maxRows: number): NextStep {
  if (plan?.kind === 'halve') return { next: 'halve' };
  return plan?.kind === 'rows-first' ? { next: 'again', maxRows } : { next: 'done' };
}

/** What to try after a step that was too much; null: it failed otherwise, or nothing is smaller. */
function smallerStep(batch: KafkaWork, { rows, plan }: TriedStep, error: unknown): NextStep | null {
  if (error instanceof DecidesTooMuch) return plan === null ? { next: 'halve' } : null;
  if (rows === null || !isTooMuch(error)) return null;
  if (batch.items.length > 1) return { next: 'halve' };
  return rows > 1 ? { next: 'again', maxRows: Math.ceil(rows / 2) } : null;
}

/** The batch's records with the waiting inbox rows of their keys in between (S3). */
async function takePlanned(client: PoolClient, batch: KafkaWork, plan: KafkaPlan): Promise<readonly Item[]> {
  switch (plan.kind) {
    case 'halve':
      return [];
    case 'rows-first':
      return mergeRows(client, { ...batch, items: [] }, plan.rows);
    case 'whole':
      return mergeRows(
        client,
        { ...batch, items: markUncertain(batch.items, plan.uncertainOffsets) },
        plan.rows,
      );
    default: {
      const never: never = plan;
      return never;
    }
  }
}

/** Takes the placed rows, and puts each before its record; what is placed before no record here comes first. */
async function mergeRows(
  client: PoolClient,
  { items, lane }: KafkaWork,
  placements: readonly Placement[],
): Promise<readonly Item[]> {
  if (placements.length === 0) return items;
  const places = new Map(placements.map(placement => [placement.n, placement]));
  const taken = (await takeInboxRows(client, [...places.keys()])).map(row => ({
    before: places.get(row.n)?.beforeOffset,
    item: inboxItem(row, lane, places.get(row.n)?.isUncertain),
  }));
  const rowsBefore = (offset: bigint) =>
    taken.flatMap(({ before, item }) => (before === offset ? [item] : []));
  const offsets = new Set<bigint | undefined>(items.map(item => item.offset));
  const alone = taken.flatMap(({ before, item }) => (offsets.has(before) ? [] : [item]));
  return [...alone, ...items.flatMap(item => [...rowsBefore(item.offset), item])];
}

function halves(batch: KafkaWork): readonly KafkaWork[] {
  const middle = Math.ceil(batch.items.length / 2);
  const [some, rest] = [batch.items.slice(0, middle), batch.items.slice(middle)];
  const [last, next] = [some.at(-1), rest[0]];
  if (last === undefined || next === undefined) return [batch];
  const first = { ...batch, items: some, nextOffset: next.offset };
  return [first, { ...batch, items: rest, storedTo: last.offset + 1n }];
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
  const mine = rowsWithinBytes(
    waiting.filter(row => free.has(laneOf(row.keyHash, lanes))),
    MAX_STORED_BYTES,
  );
  return mine.length === 0
    ? []
    : takeInboxRows(
        client,
        mine.map(row => row.n),
      );
}
