/** Above this a body goes to PostgreSQL, which holds large ones; a Kafka record stays under the topic's limit. */
export const CLAIM_CHECK_BYTES = 512 * 1024;
/** The whole budget of an ack. */
export const ACK_BUDGET_MS = 1_000;
/**
 * A large body has so much more: 25 MiB have 2.5 s in all, for a disk that takes some 20 MB/s. With one second alone such a disk
 * would never have it, however often its provider sends it; no provider that sends so much gives up this soon.
 */
const LARGE_BODY_MS_PER_MIB = 60;
const MIB = 1024 * 1024;

interface Sized {
  readonly body: Uint8Array;
}

/** It goes its own way (inbox-log.ts), takes its time, and that it was late says nothing about a tier (L8). */
export function isLarge({ body }: Sized): boolean {
  return body.byteLength > CLAIM_CHECK_BYTES;
}

/** What an append may take in all (L6). */
export function ackBudgetMs(event: Sized): number {
  if (!isLarge(event)) return ACK_BUDGET_MS;
  return ACK_BUDGET_MS + Math.ceil((event.body.byteLength / MIB) * LARGE_BODY_MS_PER_MIB);
}
