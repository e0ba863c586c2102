import type { IncomingMessage } from 'node:http';
import type { ReceivedRequest } from '@ackline/shared/provider';
import { formatTraceparent } from '@ackline/runtime/tracing/trace-context';
import { pairsFromRaw } from '@ackline/shared/headers';
import { calledUrl, queryOf } from './called-url.ts';
import { identify, type Judgement, prove } from '../judge.ts';
import type { Endpoint } from '../sources/source-table.ts';
import { admit, type RequestHead } from './admit.ts';
import { createBodyBuffer } from './body-buffer.ts';
import { type Exchange, expectsContinue } from './exchange.ts';
import { PHASE } from './phase-clock.ts';
import type { BodyRead } from './read-body.ts';
import { accept, type Place } from './webhook-acceptance.ts';
import { abandoned, handshake, type Outcome, overLimit, unread } from './webhook-outcome.ts';
import type { LimitVerdict, WebhookDeps } from './webhook-ports.ts';

/**
 * The path of one webhook: admit → read → verify → identify → append; one that is no event ends with its answer. The invariants are
 * those of webhook-route.ts.
 */
export async function decide(deps: WebhookDeps, exchange: Exchange): Promise<Outcome> {
  const { request } = exchange;
  const head = {
    method: request.method ?? '',
    target: request.url ?? '',
    headers: pairsFromRaw(request.rawHeaders),
  };
  const admission = admit(head, deps.sources);
  if (admission.kind === 'refused') return { ...admission, kind: 'rejected', bodyUnread: true };
  const { endpoint } = admission;
  exchange.endpoint = endpoint;
  if (endpoint.source.connection === 'close') exchange.closes = true;
  const place = { exchange, endpoint, address: limitedAddress(deps, request, endpoint) };
  const asked = askLimits(deps, place);
  const verdict = asked instanceof Promise ? await asked : asked;
  if (verdict?.kind === 'reject') return overLimit(endpoint, verdict.retryAfterS, true);
  exchange.clock.end(PHASE.admit);
  if (admission.kind === 'handshake') return shakeHands(deps, place, head.target);
  const buffer = createBodyBuffer({
    owner: endpoint.source.name,
    maxBytes: endpoint.source.maxBodyBytes,
    declaredBytes: admission.contentLength,
    budget: deps.budget,
  });
  try {
    if (expectsContinue(request)) exchange.response.writeContinue();
    const read = await deps.bodies.read(request, buffer, endpoint.source.bodyTimes);
    exchange.clock.end(PHASE.read);
    const outcome = afterRead(deps, place, { head, read });
    return outcome instanceof Promise ? await outcome : outcome;
  } finally {
    buffer.release(); // (W5)
  }
}

/** What a provider asks by GET is all in its query. */
function shakeHands(deps: WebhookDeps, { exchange, endpoint }: Place, target: string): Outcome {
  if (exchange.clientHasGone()) return abandoned(endpoint); // (W3)
  const { provider, source } = endpoint;
  const tokens = deps.secretsOf(source.verifyTokens);
  const answer = provider.handshake?.(queryOf(target), tokens) ?? null;
  exchange.clock.end(PHASE.verify);
  return handshake(endpoint, answer);
}

/** Taken with the endpoint: while the body comes, a reload may trust other proxies. */
function limitedAddress(
  { limits, addressOf }: WebhookDeps,
  request: IncomingMessage,
  { source }: Endpoint,
): string | null {
  return limits?.applies(source) === true ? addressOf(request) : null;
}

/** null: this source has no limit. */
function askLimits(
  { limits }: WebhookDeps,
  { endpoint, address }: Place,
): LimitVerdict | Promise<LimitVerdict> | null {
  return limits === null || address === null ? null : limits.beforeBody(endpoint.source, address);
}

/** A promise only where something has to be waited for: a log, or Redis. */
function afterRead(
  deps: WebhookDeps,
  place: Place,
  { head, read }: { readonly head: RequestHead; readonly read: BodyRead },
): Outcome | Promise<Outcome> {
  const { exchange, endpoint } = place;
  if (read.kind !== 'read') return unread(endpoint, read.kind);
  if (exchange.clientHasGone()) return abandoned(endpoint); // (W3)
  const { body } = read;
  const { method, target, headers } = head;
  const url = calledUrl(endpoint.publicUrl, { target, host: exchange.request.headers.host });
  const request = { method, url, headers, body };
  const at = deps.now();
  const judgement = proveAndIdentify(deps, place, { request, at });
  if (judgement.kind === 'refused')
    return { ...judgement, kind: 'rejected', endpoint, bodyUnread: false, judged: { request, at } };
  if (judgement.kind === 'challenge') return { ...judgement, endpoint, bodyUnread: false };
  return accept(deps, place, judgement);
}

function proveAndIdentify(
  deps: WebhookDeps,
  { exchange, endpoint }: { exchange: Exchange; endpoint: Endpoint },
  { request, at: now }: { readonly request: ReceivedRequest; readonly at: number },
): Judgement {
  const proven = prove(endpoint, request, deps.secretsOf(endpoint.source.secrets), now);
  exchange.clock.end(PHASE.verify);
  if (proven.kind !== 'proven') return proven;
  deps.metrics.proven(endpoint.source.name, proven.secret, now);
  const traceparent = deps.traces === null ? null : formatTraceparent(deps.traces.begin(exchange));
  const judgement = identify({ endpoint, request, proven, now, newEventId: deps.newEventId, traceparent });
  exchange.clock.end(PHASE.identify);
  return judgement;
}
