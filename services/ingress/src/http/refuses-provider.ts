import type { ErrorCode } from '@ackline/shared/error-codes';
import type { RejectReason } from '@ackline/shared/provider';
import type { Outcome } from './webhook-outcome.ts';

/** What is wrong here, or missing, whoever asked; and of a proven request what is wrong with its body. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  'ACKLINE_NOT_DURABLE',
  'ACKLINE_CERTIFICATE_UNKNOWN',
  'ACKLINE_OVERLOADED',
  'ACKLINE_DRAINING',
  'ACKLINE_INTERNAL',
  'ACKLINE_MALFORMED',
]);

/** Signed, and not as it should be: so come a provider's own requests after a rotation, by a wrong clock or a wrong `publicUrl`. */
const SIGNED: ReadonlySet<string> = new Set<RejectReason>([
  'wrong_signature',
  'certificate_url_refused',
  'timestamp_out_of_tolerance',
  'body_hash_mismatch',
  'body_hash_missing',
  'no_secret',
]);

/**
 * Whether a provider may have got this as a failure of its webhook, of which too many in a row make some disable it: what is refused
 * by our fault or once it was proven, and what is signed. Another method or type, a body that does not come, a request without a
 * signature are a stranger's; one whose client has gone has no answer.
 */
export function refusesProvider(outcome: Outcome): boolean {
  if (outcome.kind !== 'rejected') return false;
  const { code, reason, bodyUnread } = outcome;
  if (code === 'ACKLINE_BAD_SIGNATURE') return SIGNED.has(reason);
  // Before its body an address is limited, proven or not.
  if (code === 'ACKLINE_RATE_LIMITED') return !bodyUnread;
  return REFUSALS.has(code);
}
