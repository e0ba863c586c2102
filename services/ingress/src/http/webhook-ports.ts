import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SecretRef, SourceConfig } from '@ackline/shared/config/types';
import type { EventEnvelope } from '@ackline/shared/envelope';
import type { FairShare } from '@ackline/shared/fair-share';
import type { Secrets } from '@ackline/shared/provider';
import type { Logger } from '@ackline/runtime/logger';
import type { IngressMetrics } from '../metrics/ingress-metrics.ts';
import type { Rejection } from '../rejections/rejection.ts';
import type { SourceTable } from '../sources/source-table.ts';
import type { Exchange } from './exchange.ts';
import type { BodyReader } from './read-body.ts';
import type { RequestTrace } from './request-trace.ts';
import type { Outcome } from './webhook-outcome.ts';

export interface EventAppender {
  /** Durable when it resolves. */
  append(event: EventEnvelope): Promise<{ readonly tier: string }>;
}

/** What makes one signed request the same as another. */
export interface SeenFacts {
  readonly source: string;
  readonly tenant: string;
  /** The one that verified: after a rotation nothing of the old one counts. */
  readonly secret: string;
  readonly method: string;
  readonly url: string;
  readonly dedupKey: string;
  readonly body: Uint8Array;
}

export interface SeenEvents {
  /** True: exactly this signed request was accepted before. A promise only where Redis has to be asked; never rejects. */
  wasAccepted(key: string): boolean | Promise<boolean>;
  /** After the append has resolved. Waits for nothing, never throws. */
  markAccepted(key: string): void;
}

export type LimitVerdict =
  | { readonly kind: 'within' }
  | { readonly kind: 'reject'; readonly retryAfterS: number }
  /** Accepted; epoch milliseconds before which it is not processed. */
  | { readonly kind: 'defer'; readonly notBefore: number };

export interface RateLimits {
  /** False: this source has no limit, and nothing is asked for it. */
  applies(source: SourceConfig): boolean;
  /** Before the body is read: only a limit by address that rejects. A promise only for Redis; never rejects. */
  beforeBody(source: SourceConfig, address: string): LimitVerdict | Promise<LimitVerdict>;
  /** Of a verified event: by sender, by source, or by an address that defers. */
  afterVerify(
    source: SourceConfig,
    facts: { readonly sender: string | null; readonly address: string },
  ): LimitVerdict | Promise<LimitVerdict>;
}

export interface RequestTraces {
  /** The place of this request in its trace, the same one each time. */
  begin(exchange: Exchange): RequestTrace;
  /** Records its spans, if they are recorded. Never throws. */
  ended(exchange: Exchange, outcome: Outcome): void;
}

export interface Rejections {
  /** Of one that was refused after it had been read. Waits for nothing, never throws. */
  offer(rejection: Rejection): void;
}

export interface WebhookDeps {
  readonly sources: SourceTable;
  /** The live values, in the order of the references. Waits for nothing. */
  readonly secretsOf: (refs: readonly SecretRef[]) => Secrets;
  readonly eventLog: EventAppender;
  /** null: repeats are appended again, and the dedup key makes one of them. */
  readonly seen: SeenEvents | null;
  readonly seenKey: (facts: SeenFacts) => string;
  /** null: no source has a limit. */
  readonly limits: RateLimits | null;
  /** Of the client, also behind proxies; asked only where a limit applies. */
  readonly addressOf: (request: IncomingMessage) => string;
  readonly isDraining: () => boolean;
  /** Answers name what is public alone. */
  readonly isProduction: boolean;
  /** null: there are none, and no id is drawn. */
  readonly traces: RequestTraces | null;
  /** Proving a sender that takes longer is counted and logged; it is decided all the same (A4). */
  readonly signatureBudgetMs: number;
  readonly metrics: IngressMetrics;
  /** Keeps some of them, for whoever asks why. */
  readonly rejections: Rejections;
  readonly log: Logger;
  /** Of the bytes of bodies; its owners are the sources. */
  readonly budget: FairShare;
  readonly bodies: BodyReader;
  readonly newEventId: () => string;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export type WebhookHandler = (
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void> | undefined;
