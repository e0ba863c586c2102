import { createHash } from 'node:crypto';
import { MAX_STORED_BYTES } from '@ackline/eventlog/inbox-release';
import type { EnvelopeMeta } from '@ackline/shared/envelope';
import { encodeMeta } from '@ackline/shared/envelope-codec';
import type { Provider, SplitPart } from '@ackline/shared/provider';
import { seal } from '@ackline/shared/seal';
import type { StorableEvent } from './storable.ts';

/** What one transaction has of bodies that were split. */
export interface SplitSize {
  readonly parts: number;
  /** Headers and body of each part, as they are stored. */
  readonly bytes: number;
  readonly deliveries: number;
}

/** So that a transaction ends within PostgreSQL's limits: one body can't be stored in halves. */
export const MAX_SPLIT: SplitSize = {
  /** No provider puts as many into a body: Meta 1,000 at most, SendGrid 768 KB, in which some 3,500 of its smallest events are. */
  parts: 5_000,
  /** Each part has the headers again, and what is around it in the body: a small body can be many large ones. */
  bytes: MAX_STORED_BYTES,
  /** Ten for each part. They take 20 µs each, and a slow PostgreSQL some times that. */
  deliveries: 50_000,
};

export function isOverSplit({ parts, bytes, deliveries }: SplitSize): boolean {
  return parts > MAX_SPLIT.parts || bytes > MAX_SPLIT.bytes || deliveries > MAX_SPLIT.deliveries;
}

/** Of a part's id, the digit that says so. */
const PART_VERSION = '8';
const VERSION_AT = '00000000-0000-'.length;
/** Of a UUID without its dashes: the time, which the parts keep, and the rest, which tells them apart. */
const TIME_DIGITS = 12;

/**
 * The events of one body: parts where the provider says so, else the event itself. A part has the parent's headers, URL and
 * time of arrival, and an ordering key of its own: all bodies with parts of it have the same key themselves, and so are stored
 * under one lane, whose lock keeps the order. A parent without a key promises none for its parts either. A part's id follows from
 * the parent's and its place, so that a second copy of the parent gives the same ones. A part has none itself. null: they
 * are more than one transaction should store, and the event stays one, which says so by its type.
 */
export function* splitEvent(
  event: StorableEvent,
  provider: Pick<Provider, 'split'> | undefined,
): Generator<undefined, readonly StorableEvent[] | null> {
  if (isPart(event.meta.id)) return [event];
  const parts: StorableEvent[] = [];
  let bytes = 0;
  for (const part of provider?.split?.({ body: event.body }) ?? []) {
    const own = toEvent(event, part, partId(event.meta.id, parts.length));
    parts.push(own);
    bytes += storedBytesOf(own);
    if (parts.length > 1 && isOverSplit({ parts: parts.length, bytes, deliveries: 0 })) return null;
    yield;
  }
  return parts.length === 0 ? [event] : parts;
}

/** Headers and body, as they are stored. */
export function storedBytesOf({ sealed }: StorableEvent): number {
  return sealed.meta.length + sealed.body.length;
}

function toEvent(parent: StorableEvent, { identity, body }: SplitPart, id: string): StorableEvent {
  const meta: EnvelopeMeta = {
    ...parent.meta,
    id,
    type: identity.type,
    dedupKey: identity.dedupKey ?? id,
    orderingKey: parent.meta.orderingKey === null ? null : identity.orderingKey,
    occurredAt: identity.occurredAt,
    priority: identity.priority,
  };
  const sealedMeta = seal(encodeMeta(meta));
  const sealed = { keyId: sealedMeta.keyId, meta: sealedMeta.bytes, body: seal(body).bytes };
  return { meta, body, tier: parent.tier, sealed };
}

/** A UUIDv8 (RFC 9562): the parent's time, then a hash of its id and the place. */
export function partId(parentId: string, index: number): string {
  const time = parentId.replaceAll('-', '').slice(0, TIME_DIGITS);
  const hash = createHash('sha256').update(`${parentId}/${index}`).digest('hex');
  const digits = `${time}${PART_VERSION}${hash.slice(0, 3)}8${hash.slice(3, 18)}`;
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function isPart(id: string): boolean {
  return id[VERSION_AT] === PART_VERSION;
}
