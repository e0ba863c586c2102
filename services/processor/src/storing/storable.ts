import { encodeMeta } from '@ackline/shared/envelope-codec';
import type { EnvelopeMeta, EventEnvelope } from '@ackline/shared/envelope';
import { seal } from '@ackline/shared/seal';
import type { Tier } from '@ackline/store/events';

/** An event on its way into the store: what is decided by, and what is stored. */
export interface StorableEvent {
  readonly meta: EnvelopeMeta;
  readonly body: Uint8Array;
  readonly tier: Tier;
  /** `meta` and `body` as they are stored, sealed under `keyId`. */
  readonly sealed: { readonly keyId: string; readonly meta: Uint8Array; readonly body: Uint8Array };
}

export function storableFromEnvelope(event: EventEnvelope): StorableEvent {
  const { body, ...meta } = event;
  const sealedMeta = seal(encodeMeta(meta));
  return {
    meta,
    body,
    tier: 'kafka',
    sealed: { keyId: sealedMeta.keyId, meta: sealedMeta.bytes, body: seal(body).bytes },
  };
}
