import { NO_SOURCE } from '../metrics/ingress-metrics.ts';
import { problemAnswer, providerAnswer } from './answers.ts';
import { allowedMethods } from './admit.ts';
import { type Exchange, openExchange } from './exchange.ts';
import { PHASE } from './phase-clock.ts';
import { refusesProvider } from './refuses-provider.ts';
import { unprovenDetail } from './unproven-detail.ts';
import { decide } from './webhook-flow.ts';
import { logOutcome } from './webhook-log.ts';
import type { Outcome } from './webhook-outcome.ts';
import type { WebhookDeps, WebhookHandler } from './webhook-ports.ts';

/**
 * The end of one webhook's way (its path: webhook-flow.ts): what was decided is answered, counted and logged.
 *
 * W1. A 2xx to an event is sent only after `append` has resolved (A1), for a repeat of an event that is durable, or for a source
 *     that declares `onUndurable: 200`. One to a challenge covers no event: its provider only asks whether somebody is there who
 *     has the secret, nothing of it is kept, and it is counted as no acceptance.
 * W2. Anything that fails, throws or is not known is not accepted (A4).
 * W3. A client that has gone costs no verify, no limit and no append; an event that was handed to the log stays.
 * W4. Nothing of the payload, a header or a secret is in an answer or a log line.
 * W5. The memory of a body is given back when its request is over, however that ends.
 * W6. An event counts as seen only after its append has resolved; one that is lost never does.
 */
export function createWebhookHandler(deps: WebhookDeps): WebhookHandler {
  return async (request, response) => {
    const exchange = openExchange(request, response, deps.isDraining);
    deps.metrics.started();
    let outcome: Outcome;
    try {
      outcome = await decide(deps, exchange);
    } catch (error) {
      outcome = failed(exchange, error); // (W2)
    }
    const lingering = finish(deps, exchange, outcome);
    if (lingering !== undefined) await lingering;
  };
}

type Rejected = Extract<Outcome, { kind: 'rejected' }>;

function finish(deps: WebhookDeps, exchange: Exchange, outcome: Outcome): Promise<void> | undefined {
  const { metrics, traces, log, sources } = deps;
  const hasGone = outcome.kind === 'abandoned' || exchange.clientHasGone();
  let lingering: Promise<void> | undefined;
  try {
    lingering = answer(exchange, outcome, deps.isProduction);
  } finally {
    exchange.clock.end(PHASE.ack);
    const source = outcome.endpoint?.source.name ?? NO_SOURCE;
    metrics.finished(source, resultOf(outcome), exchange.clock.timesMs);
    if (outcome.kind === 'rejected') {
      countRejected(metrics, source, outcome);
      offerRejection(deps, exchange, outcome);
    }
    if (refusesProvider(outcome)) metrics.refusedProvider(source);
    if (hasGone) metrics.disconnected();
    traces?.ended(exchange, outcome);
    noteSlowSignature(deps, exchange, source);
    logOutcome({ log, sources }, exchange, outcome);
  }
  return lingering;
}

function offerRejection(
  { rejections }: WebhookDeps,
  { requestId }: Exchange,
  { endpoint, judged, code, reason, detail = null }: Rejected,
): void {
  if (endpoint !== null && judged !== undefined)
    rejections.offer({ requestId, endpoint, ...judged, code, reason, detail });
}

function countRejected(metrics: WebhookDeps['metrics'], source: string, { code, reason }: Rejected): void {
  metrics.rejected(source, reason);
  if (code === 'ACKLINE_BAD_SIGNATURE') metrics.unproven(source, reason);
}

function noteSlowSignature(
  { signatureBudgetMs, metrics, log }: WebhookDeps,
  { requestId, clock }: Exchange,
  source: string,
): void {
  const tookMs = clock.timesMs[PHASE.verify] ?? 0;
  if (tookMs <= signatureBudgetMs) return;
  metrics.slowSignature(source);
  log.warn({ event: 'signature.slow', requestId, source, tookMs, signatureBudgetMs }, 'signature.slow');
}

function failed({ endpoint }: Exchange, error: unknown): Outcome {
  return {
    kind: 'rejected',
    endpoint,
    code: 'ACKLINE_INTERNAL',
    reason: 'internal',
    bodyUnread: true,
    error,
  };
}

function resultOf(outcome: Outcome) {
  if (outcome.kind !== 'rejected') return outcome.kind;
  return outcome.code === 'ACKLINE_INTERNAL' ? 'failed' : 'rejected';
}

function answer(exchange: Exchange, outcome: Outcome, isProduction: boolean): Promise<void> | undefined {
  switch (outcome.kind) {
    case 'accepted':
    case 'duplicate':
    case 'lost':
      return exchange.send(providerAnswer(outcome.endpoint.provider.answer(outcome.event)));
    case 'challenge':
      return exchange.send(providerAnswer(outcome.answer), outcome.bodyUnread);
    case 'rejected': {
      const { code, endpoint, reason, bodyUnread, retryAfterS } = outcome;
      const isUnproven = code === 'ACKLINE_BAD_SIGNATURE' && endpoint !== null;
      const parts = {
        headers: {
          ...(retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }),
          ...(code === 'ACKLINE_METHOD_NOT_ALLOWED' && endpoint !== null
            ? { allow: allowedMethods(endpoint) }
            : {}),
        },
        detail: isUnproven
          ? unprovenDetail(endpoint, { reason, requestId: exchange.requestId, isProduction })
          : null,
      };
      return exchange.send(problemAnswer(code, exchange.requestId, parts), bodyUnread);
    }
    case 'abandoned':
      exchange.response.destroy();
      return undefined;
    default: {
      const never: never = outcome;
      return never;
    }
  }
}
