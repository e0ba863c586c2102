import { decodeMeta } from '@ackline/shared/envelope-codec';
import type { EnvelopeMeta } from '@ackline/shared/envelope';
import { open } from '@ackline/shared/seal';
import type { ClaimedDelivery } from '@ackline/store/delivery-claims';
import type { DestinationConfig } from '@ackline/shared/config/types';
import type { AttemptLimits } from './attempt-limits.ts';
import type { HttpSender } from './http-sender.ts';
import { outboundHeaders } from './outbound-headers.ts';
import { type AttemptResult, decideOutcome, type FinishedAttempt } from './outcome.ts';

/** A leased delivery with its event opened: all that one attempt needs. */
export interface LeasedDelivery
  extends Pick<ClaimedDelivery, 'id' | 'leaseId' | 'eventId' | 'tries' | 'replay' | 'waitedMs'> {
  readonly meta: EnvelopeMeta;
  readonly body: Uint8Array;
  /** The number of the edit that the body is. */
  readonly editNumber?: number;
}

/** Where and how an attempt is made, as it was when it began: what a reload changes meanwhile is for the next one. */
export interface Target {
  readonly config: DestinationConfig;
  readonly sender: Pick<HttpSender, 'send'>;
  /** What its lease leaves it, if a reload allows more. */
  readonly timeoutMs: number;
}

export interface AttemptDeps {
  /** The signing secret now, null where the destination has none. */
  signingSecret(config: DestinationConfig): string | null;
  /** The original headers as this destination may see them: bearer secrets put back only where it is so configured. */
  headersFor(meta: EnvelopeMeta, config: DestinationConfig): EnvelopeMeta['headers'];
  readonly limits: Pick<AttemptLimits, 'bounded'>;
  readonly random: () => number;
}

/** One try of a delivery, ended before its lease is. Never throws. */
export async function attemptDelivery(
  delivery: LeasedDelivery,
  target: Target,
  deps: AttemptDeps,
): Promise<FinishedAttempt> {
  const startedAt = new Date();
  const startedMs = performance.now();
  const result = await send(delivery, target, deps).catch(
    (): AttemptResult => ({ kind: 'error', errorClass: 'other' }),
  );
  const { retry, onPark, forwardSecret } = target.config;
  // A receiver that echoes its request would put the provider's secret into the table.
  const kept = forwardSecret && result.kind === 'response' ? { ...result, excerpt: null } : result;
  return {
    delivery,
    result: kept,
    outcome: decideOutcome(result, delivery.tries, { retry, random: deps.random }),
    startedAt,
    ms: Math.round(performance.now() - startedMs),
    onPark,
  };
}

async function send(
  delivery: LeasedDelivery,
  { config, sender, timeoutMs }: Target,
  deps: AttemptDeps,
): Promise<AttemptResult> {
  const request = {
    url: config.url,
    headers: outboundHeaders({
      deliveryId: delivery.id,
      url: delivery.meta.url,
      headers: deps.headersFor(delivery.meta, config),
      body: delivery.body,
      replay: delivery.replay,
      ...(delivery.editNumber === undefined ? {} : { edit: delivery.editNumber }),
      signingSecret: deps.signingSecret(config),
      now: new Date(),
    }),
    body: delivery.body,
  };
  return deps.limits.bounded(timeoutMs, signal => sender.send({ ...request, signal }));
}

/** Opens what was claimed. Throws ACKLINE_ENVELOPE_INVALID or ACKLINE_SEAL_KEY_UNKNOWN for a row that can't be read. */
export function openClaimed(claimed: ClaimedDelivery): LeasedDelivery {
  return {
    id: claimed.id,
    leaseId: claimed.leaseId,
    eventId: claimed.eventId,
    tries: claimed.tries,
    replay: claimed.replay,
    waitedMs: claimed.waitedMs,
    meta: decodeMeta(open({ keyId: claimed.keyId, bytes: claimed.meta })),
    body: open({ keyId: claimed.edit?.keyId ?? claimed.keyId, bytes: claimed.body }),
    ...(claimed.edit === undefined ? {} : { editNumber: claimed.edit.n }),
  };
}
