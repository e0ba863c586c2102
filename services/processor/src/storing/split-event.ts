import { createHash } from 'node:crypto';
import type { EnvelopeMeta } from '@ackline/shared/envelope';
import { encodeMeta } from '@ackline/shared/envelope-codec';
import type { Provider, SplitPart } from '@ackline/shared/provider';
import { MAX_SPLIT_PARTS } from '@ackline/shared/providers/json-parts';
import { seal } from '@ackline/shared/seal';
import type { StorableEvent } from './storable.ts';

/** Of a UUID without its dashes: the time, which the parts keep, and the rest, which tells them apart. */
const TIME_DIGITS = 12;

/**
 * The events of one body: parts where the provider says so, else the event itself. A part has the parent's headers, URL and
 * time of arrival, and an ordering key of its own: all bodies with parts of it have the same key themselves, and so are stored
 * under one lane, whose lock keeps the order. A parent without a key promises none for its parts either. A part's id follows from
 * the parent's and its place, so that a second copy of the parent gives the same ones.
 */
export function splitEvent(
  event: StorableEvent,
  provider: Pick<Provider, 'split'> | undefined,
): readonly StorableEvent[] {
  const parts = provider?.split?.({ body: event.body }) ?? [];
  if (parts.length === 0 || parts.length > MAX_SPLIT_PARTS) return [event];
  return parts.map((part, index) => toEvent(event, part, partId(event.meta.id, index)));
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
  const digits = `${time}8${hash.slice(0, 3)}8${hash.slice(3, 18)}`;
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
