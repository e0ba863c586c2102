import { keyHash } from '@ackline/eventlog/lane';
import type { KafkaRecord, LaneBatch } from '@ackline/eventlog/kafka-consumer';
import { AppError } from '@ackline/shared/app-error';
import { decodeMeta } from '@ackline/shared/envelope-codec';
import { recordKey } from '@ackline/shared/record-key';
import { open, seal } from '@ackline/shared/seal';
import type { QuarantinedRecord } from '@ackline/store/events';
import { type TakenInboxRow, takeInboxRows } from '@ackline/store/inbox';
import { lockLane, writeLaneOffset } from '@ackline/store/lanes';
import type { PoolClient } from 'pg';
import type { BatchRecord } from './merge-inbox.ts';
import { type StorableEvent, storableFromEnvelope } from './storable.ts';

/** An event, or what was found in its place. */
type Found =
  | { readonly kind: 'event'; readonly origin: string; readonly event: StorableEvent }
  | { readonly kind: 'invalid'; readonly record: QuarantinedRecord };

interface KafkaPlace {
  readonly kind: 'kafka';
  readonly lane: number;
  readonly topicId: string;
  /** As of a LaneBatch, had the items before it been stored. */
  readonly storedTo: bigint | null;
  readonly nextOffset: bigint;
}

/** Where an item waits: what a transaction does to take it out of its log. */
type Place = (KafkaPlace | { readonly kind: 'inbox'; readonly lane: number; readonly n: string }) & {
  /** It is stored without knowing that what came before it is (see merge-inbox.ts). */
  readonly isUncertain: boolean;
};

/** One thing that a transaction stores. The invariants are those of lane-storer.ts. */
export type Item = Found & { readonly place: Place };

/** A batch of Kafka's on its way into the store. */
export interface KafkaWork extends Omit<LaneBatch, 'records'> {
  readonly items: readonly (Item & { readonly offset: bigint })[];
}

/** The batch's records are its items, in order; the last one takes the lane to where the batch does. */
export function kafkaWork({ records, ...batch }: LaneBatch): KafkaWork {
  const { lane, topicId } = batch;
  const items = records.map((record, index) => {
    const nextOffset = index === records.length - 1 ? batch.nextOffset : record.offset + 1n;
    const before = records[index - 1];
    const storedTo = before === undefined ? batch.storedTo : before.offset + 1n;
    const place: KafkaPlace = { kind: 'kafka', lane, topicId, storedTo, nextOffset };
    return {
      ...foundInKafka(place, record),
      place: { ...place, isUncertain: false },
      offset: record.offset,
    };
  });
  return { ...batch, items };
}

export function markUncertain(items: KafkaWork['items'], offsets: ReadonlySet<bigint>): KafkaWork['items'] {
  if (offsets.size === 0) return items;
  return items.map(item =>
    offsets.has(item.offset) ? { ...item, place: { ...item.place, isUncertain: true } } : item,
  );
}

function foundInKafka({ lane, topicId }: KafkaPlace, record: KafkaRecord): Found {
  const origin = `kafka:${lane}:${record.offset}`;
  if ('event' in record) return { kind: 'event', origin, event: storableFromEnvelope(record.event) };
  const { reason, headersBytes, value } = record.invalid;
  const meta = seal(headersBytes);
  return {
    kind: 'invalid',
    record: { origin, topicId, reason, keyId: meta.keyId, meta: meta.bytes, body: seal(value).bytes },
  };
}

export function inboxItem(row: TakenInboxRow, lane: number, isUncertain = false): Item {
  return { ...foundInInbox(row), place: { kind: 'inbox', lane, n: row.n, isUncertain } };
}

/** Locks the items' lanes (S2); all that lock several do so in this order, so that none waits for another in a ring. */
export async function lockLanesOf(client: PoolClient, items: readonly Item[]): Promise<void> {
  const lanes = new Set(items.map(item => item.place.lane));
  for (const lane of [...lanes].sort((a, b) => a - b)) await lockLane(client, lane);
}

/** Takes the items out of their logs, under the locks of their lanes; without inbox rows that are not there any more. */
export async function takeItems(client: PoolClient, items: readonly Item[]): Promise<readonly Item[]> {
  const places = items.map(item => item.place);
  const first = places.find(place => place.kind === 'kafka');
  const last = places.findLast(place => place.kind === 'kafka');
  if (first !== undefined && last !== undefined)
    await writeLaneOffset(client, { ...last, storedTo: first.storedTo }); // (S1)
  const ns = places.flatMap(place => (place.kind === 'inbox' ? [place.n] : []));
  if (ns.length === 0) return items;
  const taken = new Set((await takeInboxRows(client, ns)).map(row => row.n));
  return items.filter(({ place }) => place.kind === 'kafka' || taken.has(place.n));
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
    return { kind: 'invalid', record: { origin, topicId: null, reason: error.code, ...sealed } };
  }
}

/** The item as it is kept in quarantine. */
export function asInvalid(item: Item, reason: string): Item {
  if (item.kind === 'invalid') return item;
  const { origin, event, place } = item;
  const topicId = place.kind === 'kafka' ? place.topicId : null;
  return { kind: 'invalid', record: { origin, topicId, reason, ...event.sealed }, place };
}

/** What decides where inbox rows belong among the items. */
export function batchRecords(items: KafkaWork['items']): readonly BatchRecord[] {
  return items.map(item => {
    if (item.kind === 'invalid') return { offset: item.offset, event: null };
    const { meta } = item.event;
    return { offset: item.offset, event: { id: meta.id, keyHash: keyHash(recordKey(meta)) } };
  });
}
