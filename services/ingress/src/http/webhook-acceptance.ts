import { AppError } from '@ackline/shared/app-error';
import type { EventEnvelope } from '@ackline/shared/envelope';
import type { ErrorCode } from '@ackline/shared/error-codes';
import type { ProvenEvent } from '../judge.ts';
import type { Endpoint } from '../source-table.ts';
import type { Exchange } from './exchange.ts';
import { PHASE } from './phase-clock.ts';
import { abandoned, type Outcome, overLimit } from './webhook-outcome.ts';
import type { LimitVerdict, WebhookDeps } from './webhook-ports.ts';

interface Place {
  readonly exchange: Exchange;
  readonly endpoint: Endpoint;
}

/** What happens to an event that is proven: a repeat and one over the limit stop here, the others are made durable. */
export async function accept(deps: WebhookDeps, place: Place, proven: ProvenEvent): Promise<Outcome> {
  const { exchange, endpoint } = place;
  const key = seenKeyOf(deps, endpoint, proven);
  const seen = key !== null && deps.seen?.wasAccepted(key);
  if (seen === true) return { kind: 'duplicate', endpoint, event: proven.event };
  // Both may ask Redis: they do so in one turn, and then are waited for.
  const limit = askLimits(deps, place, proven.event);
  if (seen instanceof Promise && (await seen)) return { kind: 'duplicate', endpoint, event: proven.event };
  const verdict = limit instanceof Promise ? await limit : limit;
  if (verdict.kind === 'reject') return overLimit(endpoint, verdict.retryAfterS, false);
  if (exchange.clientHasGone()) return abandoned(endpoint); // (W3)
  const event = verdict.kind === 'defer' ? { ...proven.event, notBefore: verdict.notBefore } : proven.event;
  const outcome = await append(deps, endpoint, { event, key });
  exchange.clock.end(PHASE.append);
  return outcome;
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
  { limits, addressOf }: WebhookDeps,
  { exchange, endpoint }: Place,
  { orderingKey }: EventEnvelope,
): LimitVerdict | Promise<LimitVerdict> {
  if (limits?.applies(endpoint.source) !== true) return WITHIN;
  return limits.afterVerify(endpoint.source, { orderingKey, address: addressOf(exchange.request) });
}

async function append(
  { eventLog, seen, metrics }: WebhookDeps,
  endpoint: Endpoint,
  { event, key }: { readonly event: EventEnvelope; readonly key: string | null },
): Promise<Outcome> {
  try {
    const { tier } = await eventLog.append(event); // (W1)
    if (key !== null) seen?.markAccepted(key); // (W6)
    metrics.appended(tier);
    return { kind: 'accepted', endpoint, event, tier };
  } catch (error) {
    if (endpoint.source.onUndurable === 200) return { kind: 'lost', endpoint, event, error };
    const code = undurableCode(error);
    return { kind: 'rejected', endpoint, code, reason: 'not_durable', bodyUnread: false, error };
  }
}

function undurableCode(error: unknown): ErrorCode {
  if (!(error instanceof AppError)) return 'ACKLINE_NOT_DURABLE';
  if (error.code === 'ACKLINE_LOG_CLOSED') return 'ACKLINE_DRAINING';
  return error.code === 'ACKLINE_ENVELOPE_INVALID' ? 'ACKLINE_INTERNAL' : 'ACKLINE_NOT_DURABLE';
}
