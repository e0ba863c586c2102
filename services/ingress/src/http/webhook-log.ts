import type { Logger } from '@ackline/runtime/logger';
import type { Exchange } from './exchange.ts';
import type { Outcome } from './webhook-outcome.ts';
import { pathOf } from './called-url.ts';
import type { SourceTable } from '../sources/source-table.ts';

const WEBHOOK_PREFIX = '/webhook/';

export interface WebhookLogDeps {
  readonly log: Logger;
  readonly sources: Pick<SourceTable, 'knownPart'>;
}

/** One wide line for each request; `event` is its stable name. */
export function logOutcome({ log, sources }: WebhookLogDeps, exchange: Exchange, outcome: Outcome): void {
  const fields = {
    requestId: exchange.requestId,
    traceId: exchange.trace?.traceId,
    source: outcome.endpoint?.source.name ?? null,
    durationMs: Math.round(exchange.clock.elapsedMs() * 1_000) / 1_000,
  };
  switch (outcome.kind) {
    case 'accepted': {
      // Not the keys: they can be a phone number, and the id finds them. Written out: it is the line of every webhook.
      const { id, type, body } = outcome.event;
      const { requestId, traceId, source, durationMs } = fields;
      const { tier } = outcome;
      log.info(
        {
          event: 'webhook.accepted',
          requestId,
          traceId,
          source,
          durationMs,
          id,
          type,
          bytes: body.byteLength,
          tier,
        },
        `Webhook queued for processing: ${shortPath(outcome.endpoint.path)}`,
      );
      break;
    }
    case 'duplicate':
      log.info({ event: 'webhook.duplicate', ...fields }, 'webhook.duplicate');
      break;
    case 'challenge':
      log.info({ event: 'webhook.challenge', ...fields }, 'webhook.challenge');
      break;
    case 'lost':
      log.error(
        { event: 'webhook.lost', ...fields, id: outcome.event.id, err: outcome.error },
        'webhook.lost',
      );
      break;
    case 'rejected':
      logRejected({ log, sources }, exchange, { ...fields, outcome });
      break;
    case 'abandoned':
      log.info({ event: 'webhook.abandoned', ...fields }, 'Client disconnected during request processing');
      break;
    default: {
      const never: never = outcome;
      return never;
    }
  }
  if (log.isLevelEnabled('debug')) {
    log.debug(
      { requestId: exchange.requestId },
      `Webhook response time: ${(fields.durationMs / 1_000).toFixed(3)}s`,
    );
  }
}

function logRejected(
  { log, sources }: WebhookLogDeps,
  { request }: Exchange,
  { outcome, ...fields }: { outcome: Extract<Outcome, { kind: 'rejected' }>; requestId: string },
): void {
  const { code, reason, detail, error } = outcome;
  const line = {
    event: 'webhook.rejected',
    ...fields,
    code,
    reason,
    method: request.method,
    // Without the query, and without what is in no configuration: both may hold a token.
    path: outcome.endpoint?.path ?? sources.knownPart(pathOf(request.url ?? '')),
    ...(detail === undefined || detail === null ? {} : { detail }),
  };
  if (error === undefined) log.info(line, 'webhook.rejected');
  else log.error({ ...line, err: error }, 'webhook.rejected');
}

/** The path below /webhook/, as the log lines of the systems before Ackline had it (docs/logs.md). */
function shortPath(path: string): string {
  return path.startsWith(WEBHOOK_PREFIX) ? path.slice(WEBHOOK_PREFIX.length) : path.slice(1);
}
