/** What the audit has entries of: API, so a released name is never used for anything else. */
export const AUDIT_ACTIONS = [
  'cache.cleared',
  'delivery.discarded',
  'delivery.replayed',
  'destination.enabled',
  'destination.paused',
  'destination.resumed',
  'payload.viewed',
  'payloads.pulled',
  'quarantine.returned',
  'replay.announced',
  'replay.cancelled',
  'replay.continued',
  'replay.started',
  'sample.sent',
  'session.ended',
  'session.started',
  'token.created',
  'token.revoked',
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];
