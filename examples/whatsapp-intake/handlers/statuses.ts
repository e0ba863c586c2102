/**
 * From the first to the last. A message has the one that is farthest down of those that Twilio told, in whatever order they came: so
 * `sent` never replaces `delivered`, and nothing but another end replaces an end.
 */
const STATUSES = [
  'received',
  'accepted',
  'scheduled',
  'queued',
  'sending',
  'sent',
  'delivered',
  'read',
  'canceled',
  'undelivered',
  'failed',
];

/** null: the list does not have it. */
export function rankOf(status: string): number | null {
  const rank = STATUSES.indexOf(status.toLowerCase());
  return rank < 0 ? null : rank;
}
