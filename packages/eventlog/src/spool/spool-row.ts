import { AppError } from '@ackline/shared/app-error';
import type { EventEnvelope } from '@ackline/shared/envelope';
import { decodeMeta } from '@ackline/shared/envelope-codec';
import { open } from '@ackline/shared/seal';
import type { InboxRow } from '@ackline/store/inbox';

export type OpenedRow =
  | { readonly kind: 'event'; readonly event: EventEnvelope }
  /** No log will ever take it. */
  | { readonly kind: 'unreadable'; readonly reason: string };

/** The event that a row keeps. */
export function openRow({ id, keyId, meta, body }: InboxRow): OpenedRow {
  try {
    const envelope = decodeMeta(open({ keyId, bytes: meta }));
    if (envelope.id !== id) return { kind: 'unreadable', reason: 'id differs' };
    return { kind: 'event', event: { ...envelope, body: open({ keyId, bytes: body }) } };
  } catch (error) {
    return { kind: 'unreadable', reason: error instanceof AppError ? error.code : 'unknown' };
  }
}
