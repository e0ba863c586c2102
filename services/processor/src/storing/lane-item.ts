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
import { type StorableEvent, storableFromEnvelope } from './storable.ts';

/** An event, or what was found in its place. */
type Found =
  | { readonly kind: 'event'; readonly origin: string; readonly event: StorableEvent }
  | { readonly kind: 'invalid'; readonly record: QuarantinedRecord };

/** One thing that a transaction stores. The invariants are those of lane-storer.ts. */
export type Item = Found & {
  /** Takes it, and nothing else, out of its log, under its lane's lock; false: it is not there any more. */
  readonly takeAlone: (client: PoolClient) => Promise<boolean>;
};

export function kafkaItem(batch: LaneBatch, record: KafkaRecord): Item {
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

export function inboxItem(row: TakenInboxRow, lane: number): Item {
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

/** The item as it is kept in quarantine. */
export function asInvalid(item: Item, reason: string): Item {
  if (item.kind === 'invalid') return item;
  const { origin, event, takeAlone } = item;
  return { kind: 'invalid', record: { origin, reason, ...event.sealed }, takeAlone };
}

/** Of the batch's events, each once. */
export function keyHashesOf(batch: LaneBatch): readonly number[] {
  const hashes = batch.records.flatMap(record =>
    'event' in record ? [keyHash(recordKey(record.event))] : [],
  );
  return [...new Set(hashes)];
}
