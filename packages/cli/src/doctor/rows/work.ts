import type { FindingRow } from '../finding-row.ts';

/** Of what goes on now: the work in PostgreSQL, and the services. */
export const workRows = {
  'processor-missing': {
    impact: 'high',
    why: 'Events are accepted, and nothing processes or delivers them.',
    fix: 'Start a processor, or look in its log why it ended.',
  },
  'intake-late': {
    impact: 'high',
    why: 'What was acknowledged waits to be stored: every delivery is late by as much.',
    fix: 'Look at the processors and at PostgreSQL (`ackline top`); more processors help up to the number of partitions.',
  },
  'work-parked': {
    impact: 'medium',
    why: 'These deliveries were given up and wait for a person.',
    fix: 'Repair the cause, then `ackline replay start --cause "…"`; or `ackline discard --cause "…"`.',
  },
  'record-quarantined': {
    impact: 'high',
    why: 'An accepted event could not be stored, and is processed by nobody.',
    fix: 'Repair what `ackline park` names, then `ackline replay quarantined --all`.',
  },
  'event-unrouted': {
    impact: 'medium',
    why: 'No processor knows the source of these events, so that they are stored and delivered to nobody.',
    fix: 'Give processors the ackline.yaml that has the source.',
  },
  'delivery-late': {
    impact: 'medium',
    why: 'Work is open for long though nothing holds it: it fails and is tried again, or the destination is slower than what comes.',
    fix: 'Look at its attempts with `ackline events`; raise its `concurrency` if the receiver bears it, or make the receiver faster.',
  },
  'breaker-open': {
    impact: 'medium',
    why: 'The destination fails, and its work is held until it recovers.',
    fix: 'Repair the receiver; a probe finds out by itself.',
  },
  'destination-paused': {
    impact: 'medium',
    why: 'Its work is held until somebody resumes it.',
    fix: 'Once its owner agrees, `ackline destinations resume <name>`.',
  },
  'work-unconfigured': {
    impact: 'medium',
    why: 'Deliveries are open for a destination that ackline.yaml does not name any more: they are held for ever.',
    fix: 'Name the destination again until its work is done, or discard it.',
  },
  'config-refused': {
    impact: 'high',
    why: 'A running process could not take the changed ackline.yaml, and works by an older one; retention stands still.',
    fix: 'Correct the file; it is read again by itself.',
  },
  'retention-stuck': {
    impact: 'medium',
    why: 'An old day can not be dropped, and the disk fills.',
    fix: 'Look in pg_stat_activity for the oldest xact_start, or at what the log line retention.day-failed names.',
  },
  'service-away': {
    impact: 'medium',
    why: 'Its operations port does not answer: it is stopped, or nobody can watch it.',
    fix: 'Start it, or correct --ops.',
  },
  'webhook-at-risk': {
    impact: 'high',
    why: 'This provider disables a webhook after errors and time-outs: what happens from then on never comes.',
    fix: 'Look at the log of the ingress for `webhook.rejected` of the source, and repair it now; if it is disabled already, enable it at the provider.',
  },
  'webhook-refused': {
    impact: 'medium',
    why: 'Requests of a proven sender are refused one after the other; the provider sends again only for a while, if at all.',
    fix: 'Look at the log of the ingress for `webhook.rejected` of the source.',
  },
  'answer-slow': {
    impact: 'medium',
    why: 'The slowest answers come near to what the provider waits for; after that it counts as a failure.',
    fix: 'Look at `Server-Timing` and at the tier in use (`ackline top`): most often the disk of PostgreSQL or a broker is slow.',
  },
  'event-lost': {
    impact: 'high',
    why: 'Events were answered 200 that no log could take: they are gone.',
    fix: 'Ask the provider for them where it can send again; set SPOOL_DIR, or give it room.',
  },
  'limit-hit': {
    impact: 'low',
    why: 'Requests over a limit were answered 429: it may be too low for real users.',
    fix: 'Compare the `limit` of the source with what its senders send, or take `over: defer`.',
  },
  'ingress-unhealthy': {
    impact: 'high',
    why: 'No log takes events: each is refused.',
    fix: 'Kafka, PostgreSQL, then the state of the spool (docs/operations.md).',
  },
  'log-degraded': {
    impact: 'medium',
    why: 'A better log is away, so that events go to a slower one.',
    fix: 'Repair the one that the finding names.',
  },
  'spool-not-ready': {
    impact: 'high',
    why: 'With the other logs away, nothing takes events.',
    fix: 'See the state in docs/operations.md, The spool.',
  },
  'redis-away': {
    impact: 'medium',
    why: 'Each process counts and remembers alone.',
    fix: 'Repair Redis, or remove REDIS_URL.',
  },
  'url-unreachable': {
    impact: 'high',
    why: 'Providers do not reach it either.',
    fix: 'Look at DNS, the firewall and the proxy; the certificate has to be valid for the name, with its whole chain.',
  },
  'url-not-ours': {
    impact: 'high',
    why: 'Something answers there that is no ingress of Ackline: providers send to it.',
    fix: 'Let the proxy pass publicUrl on to the ingress, with paths as they are.',
  },
  'certificate-ends': {
    impact: 'medium',
    why: 'From that day on no provider accepts it, and every event is refused.',
    fix: 'Renew the certificate, and see why nothing renews it by itself.',
  },
} as const satisfies Record<string, FindingRow>;
