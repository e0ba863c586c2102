import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '@ackline/shared/app-error';
import type { SourceConfig } from '@ackline/shared/config/types';
import type { EventEnvelope } from '@ackline/shared/envelope';
import type { ErrorCode } from '@ackline/shared/error-codes';
import { pairsFromRaw } from '@ackline/shared/headers';
import type { Secrets } from '@ackline/shared/provider';
import type { Logger } from '@ackline/runtime/logger';
import { calledUrl } from '../called-url.ts';
import { type IngressMetrics, NO_SOURCE, type Phase } from '../ingress-metrics.ts';
import { judge } from '../judge.ts';
import type { Endpoint, SourceTable } from '../source-table.ts';
import { admit } from './admit.ts';
import { acceptedAnswer, problemAnswer } from './answers.ts';
import { type BodyBuffer, createBodyBuffer } from './body-buffer.ts';
import type { ByteBudget } from './byte-budget.ts';
import { type Exchange, expectsContinue, openExchange } from './exchange.ts';
import { type BodyTimes, readBody } from './read-body.ts';
import { logOutcome } from './webhook-log.ts';
import type { Outcome } from './webhook-outcome.ts';

/**
 * The path of one webhook: admit → read → verify → identify → append → answer.
 *
 * W1. A 2xx is sent only after `append` has resolved (A1), or for a source that declares `onUndurable: 200`.
 * W2. Anything that fails, throws or is not known is not accepted (A4).
 * W3. A client that has gone costs no verify and no append; an event that was handed to the log stays.
 * W4. Nothing of the payload, a header or a secret is in an answer or a log line.
 * W5. The memory of a body is given back when its request is over, however that ends.
 */
export interface EventAppender {
  /** Durable when it resolves. */
  append(event: EventEnvelope): Promise<{ readonly tier: string }>;
}

export interface WebhookDeps {
  readonly sources: SourceTable;
  /** The live secrets, in the order of the source's references. Waits for nothing. */
  readonly secretsOf: (source: SourceConfig) => Secrets;
  readonly eventLog: EventAppender;
  readonly isDraining: () => boolean;
  readonly metrics: IngressMetrics;
  readonly log: Logger;
  readonly budget: ByteBudget;
  readonly bodyTimes: BodyTimes;
  readonly newEventId: () => string;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export type WebhookHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export function createWebhookHandler(deps: WebhookDeps): WebhookHandler {
  return async (request, response) => {
    const exchange = openExchange(request, response, deps.isDraining);
    deps.metrics.started();
    const outcome = await decide(deps, exchange).catch(failed); // (W2)
    deps.metrics.finished(outcome.endpoint?.source.name ?? NO_SOURCE, resultOf(outcome));
    if (outcome.kind === 'rejected') {
      deps.metrics.rejected(outcome.endpoint?.source.name ?? NO_SOURCE, outcome.reason);
    }
    if (outcome.kind === 'abandoned' || exchange.clientHasGone()) deps.metrics.disconnected();
    logOutcome(deps.log, exchange, outcome);
    await answer(exchange, outcome);
  };
}

async function decide(deps: WebhookDeps, exchange: Exchange): Promise<Outcome> {
  const { request } = exchange;
  const head = {
    method: request.method ?? '',
    target: request.url ?? '',
    headers: pairsFromRaw(request.rawHeaders),
  };
  const admission = admit(head, deps.sources);
  if (admission.kind === 'refused') return { ...admission, kind: 'rejected', bodyUnread: true };
  const { endpoint, contentLength } = admission;
  const buffer = createBodyBuffer({
    maxBytes: endpoint.source.maxBodyBytes,
    declaredBytes: contentLength,
    budget: deps.budget,
  });
  try {
    const read = await readPhase(deps, exchange, buffer);
    if (read.kind !== 'read') return unread(endpoint, read.kind);
    if (exchange.clientHasGone()) return { kind: 'abandoned', endpoint }; // (W3)
    const url = calledUrl(endpoint.publicUrl, { target: head.target, host: request.headers.host });
    const judgement = timed(deps, 'verify', () =>
      judge({
        endpoint,
        request: { method: head.method, url, headers: head.headers, body: read.body },
        secrets: deps.secretsOf(endpoint.source),
        now: deps.now(),
        newEventId: deps.newEventId,
      }),
    );
    if (judgement.kind === 'refused') return { ...judgement, kind: 'rejected', endpoint, bodyUnread: false };
    return await appendPhase(deps, endpoint, judgement.event);
  } finally {
    buffer.release(); // (W5)
  }
}

async function readPhase(deps: WebhookDeps, { request, response }: Exchange, buffer: BodyBuffer) {
  const startedAt = performance.now();
  if (expectsContinue(request)) response.writeContinue();
  const read = await readBody(request, buffer, deps.bodyTimes);
  deps.metrics.phase('read', performance.now() - startedAt);
  return read;
}

function unread(endpoint: Endpoint, kind: 'too_large' | 'too_slow' | 'over_budget' | 'gone'): Outcome {
  switch (kind) {
    case 'gone':
      return { kind: 'abandoned', endpoint };
    case 'too_large':
      return {
        kind: 'rejected',
        endpoint,
        code: 'ACKLINE_BODY_TOO_LARGE',
        reason: 'body_too_large',
        bodyUnread: true,
      };
    case 'too_slow':
      return {
        kind: 'rejected',
        endpoint,
        code: 'ACKLINE_BODY_TOO_SLOW',
        reason: 'body_too_slow',
        bodyUnread: true,
      };
    case 'over_budget':
      return {
        kind: 'rejected',
        endpoint,
        code: 'ACKLINE_OVERLOADED',
        reason: 'overloaded',
        bodyUnread: true,
      };
    default: {
      const never: never = kind;
      return never;
    }
  }
}

async function appendPhase(deps: WebhookDeps, endpoint: Endpoint, event: EventEnvelope): Promise<Outcome> {
  const startedAt = performance.now();
  try {
    const { tier } = await deps.eventLog.append(event); // (W1)
    deps.metrics.appended(tier);
    return { kind: 'accepted', endpoint, event, tier };
  } catch (error) {
    if (endpoint.source.onUndurable === 200) return { kind: 'lost', endpoint, event, error };
    const code = undurableCode(error);
    return { kind: 'rejected', endpoint, code, reason: 'not_durable', bodyUnread: false, error };
  } finally {
    deps.metrics.phase('append', performance.now() - startedAt);
  }
}

function undurableCode(error: unknown): ErrorCode {
  if (!(error instanceof AppError)) return 'ACKLINE_NOT_DURABLE';
  if (error.code === 'ACKLINE_LOG_CLOSED') return 'ACKLINE_DRAINING';
  return error.code === 'ACKLINE_ENVELOPE_INVALID' ? 'ACKLINE_INTERNAL' : 'ACKLINE_NOT_DURABLE';
}

function timed<T>(deps: WebhookDeps, phase: Phase, action: () => T): T {
  const startedAt = performance.now();
  try {
    return action();
  } finally {
    deps.metrics.phase(phase, performance.now() - startedAt);
  }
}

function failed(error: unknown): Outcome {
  return {
    kind: 'rejected',
    endpoint: null,
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

async function answer(exchange: Exchange, outcome: Outcome): Promise<void> {
  switch (outcome.kind) {
    case 'accepted':
    case 'lost':
      return exchange.send(acceptedAnswer(outcome.endpoint.provider.answer(outcome.event)));
    case 'rejected':
      return exchange.send(problemAnswer(outcome.code, exchange.requestId), {
        bodyUnread: outcome.bodyUnread,
      });
    case 'abandoned':
      exchange.response.destroy();
      return;
    default: {
      const never: never = outcome;
      return never;
    }
  }
}
