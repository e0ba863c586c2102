import { AppError } from '@ackline/shared/app-error';
import type { EventEnvelope } from '@ackline/shared/envelope';
import type { ErrorCode } from '@ackline/shared/error-codes';
import { NOT_DURABLE } from '../metrics/ingress-metrics.ts';
import type { ProvenEvent } from '../judge.ts';
import type { Endpoint } from '../sources/source-table.ts';
import type { Exchange } from './exchange.ts';
import { PHASE } from './phase-clock.ts';
import { abandoned, type Outcome, overLimit } from './webhook-outcome.ts';
import type { LimitVerdict, WebhookDeps } from './webhook-ports.ts';

/** One request, admitted. */
export interface Place {
  readonly exchange: Exchange;
  readonly endpoint: Endpoint;
  /** Of the client, as it was admitted; null: its source has no limit. */
  readonly address: string | null;
}

/**
 * What happens to an event that is proven: a repeat and one over the limit stop here, the others are made durable. A promise
 * only where something has to be waited for.
 */
export function accept(deps: WebhookDeps, place: Place, proven: ProvenEvent): Outcome | Promise<Outcome> {
  const { endpoint } = place;
  const key = seenKeyOf(deps, endpoint, proven);
  const seen = key !== null && deps.seen?.wasAccepted(key);
  if (seen === true) return { kind: 'duplicate', endpoint, event: proven.event };
  // Both may ask Redis: they do so in one turn, and then are waited for.
  const limit = askLimits(deps, place, proven);
  const candidate = { event: proven.event, key };
  return seen instanceof Promise || limit instanceof Promise
    ? acceptLater(deps, place, { ...candidate, seen: seen ?? false, limit })
    : appendWithin(deps, place, { ...candidate, limit });
}

interface Candidate {
  readonly event: EventEnvelope;
  readonly key: string | null;
}

/** Once Redis has answered. */
async function acceptLater(
  deps: WebhookDeps,
  place: Place,
  {
    seen,
    limit,
    ...candidate
  }: Candidate & {
    readonly seen: boolean | Promise<boolean>;
    readonly limit: LimitVerdict | Promise<LimitVerdict>;
  },
): Promise<Outcome> {
  if (await seen) return { kind: 'duplicate', endpoint: place.endpoint, event: candidate.event };
  return appendWithin(deps, place, { ...candidate, limit: await limit });
}

/** Unless it is over a limit, or nobody waits for it. */
function appendWithin(
  deps: WebhookDeps,
  place: Place,
  { event, key, limit }: Candidate & { readonly limit: LimitVerdict },
): Outcome | Promise<Outcome> {
  const { exchange, endpoint } = place;
  if (limit.kind === 'reject') return overLimit(endpoint, limit.retryAfterS, false);
  if (exchange.clientHasGone()) return abandoned(endpoint); // (W3)
  if (limit.kind === 'within') return append(deps, place, { event, key });
  return append(deps, place, { event: { ...event, notBefore: limit.notBefore }, key });
}

/** null: nothing tells whether another request has the same event. */
function seenKeyOf({ seen, seenKey }: WebhookDeps, { source }: Endpoint, proven: ProvenEvent): string | null {
  if (seen === null || !proven.hasProviderId) return null;
  const { method, url, dedupKey, body } = proven.event;
  const { name, tenant } = source;
  return seenKey({ source: name, tenant, secret: proven.secret, method, url, dedupKey, body });
}

const WITHIN: LimitVerdict = { kind: 'within' };

function askLimits(
  { limits }: WebhookDeps,
  { endpoint, address }: Place,
  { sender }: ProvenEvent,
): LimitVerdict | Promise<LimitVerdict> {
  if (limits === null || address === null) return WITHIN;
  return limits.afterVerify(endpoint.source, { sender, address });
}

function append(deps: WebhookDeps, place: Place, { event, key }: Candidate): Promise<Outcome> {
  const { endpoint, exchange } = place;
  return deps.eventLog.append(event).then(
    ({ tier }) => {
      if (key !== null) deps.seen?.markAccepted(key); // (W6)
      deps.metrics.appended(endpoint.source.name, tier);
      exchange.clock.end(PHASE.append);
      return { kind: 'accepted', endpoint, event, tier }; // (W1)
    },
    (error: unknown) => {
      exchange.clock.end(PHASE.append);
      if (endpoint.source.onUndurable === 200) return { kind: 'lost', endpoint, event, error };
      const code = undurableCode(error);
      return { kind: 'rejected', endpoint, code, reason: reasonOf(code), bodyUnread: false, error };
    },
  );
}

/** An event that no log can hold, and a log that ends with its process, are no failure of the logs. */
function reasonOf(code: ErrorCode): string {
  if (code === 'ACKLINE_DRAINING') return 'draining';
  return code === 'ACKLINE_INTERNAL' ? 'internal' : NOT_DURABLE;
}

function undurableCode(error: unknown): ErrorCode {
  if (!(error instanceof AppError)) return 'ACKLINE_NOT_DURABLE';
  if (error.code === 'ACKLINE_LOG_CLOSED') return 'ACKLINE_DRAINING';
  return error.code === 'ACKLINE_ENVELOPE_INVALID' ? 'ACKLINE_INTERNAL' : 'ACKLINE_NOT_DURABLE';
}
