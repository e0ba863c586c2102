import { AppError } from '@ackline/shared/app-error';
import { addressOf } from '@ackline/shared/config/destination-address';
import { secretHeaders } from '@ackline/shared/config/secret-headers';
import { formatTraceparent, traceIdOf } from '@ackline/runtime/tracing/trace-context';
import { decodeMeta } from '@ackline/shared/envelope-codec';
import type { EnvelopeMeta } from '@ackline/shared/envelope';
import { open } from '@ackline/shared/seal';
import type { ClaimedDelivery } from '@ackline/store/delivery-claims';
import type { DestinationConfig } from '@ackline/shared/config/types';
import type { AttemptTrace } from '../../tracing/attempt-trace.ts';
import type { AttemptLimits } from './attempt-limits.ts';
import type { Reservation } from '../../storing/desk.ts';
import type { DestinationSender, OutboundDelivery } from '../sending/delivery-sender.ts';
import { type AttemptResult, decideOutcome, type FinishedAttempt } from '../outcomes/outcome.ts';
import type { Payloads } from './payloads.ts';

/** A leased delivery with its event opened: all that one attempt needs. */
export interface LeasedDelivery
  extends Pick<
    ClaimedDelivery,
    | 'id'
    | 'leaseId'
    | 'eventId'
    | 'route'
    | 'transforms'
    | 'tries'
    | 'replay'
    | 'followed'
    | 'waitedMs'
    | 'lastAt'
    | 'lastButOneAt'
    | 'hasFailed'
  > {
  readonly meta: EnvelopeMeta;
  readonly body: Uint8Array;
  /** The number of the edit that the body is. */
  readonly editNumber?: number;
}

/** Where and how an attempt is made, as it was when it began: what a reload changes meanwhile is for the next one. */
export interface Target {
  readonly config: DestinationConfig;
  readonly sender: Pick<DestinationSender, 'send'>;
  readonly reservation: Pick<Reservation, 'lendRoom' | 'begin'>;
  /** What its lease leaves it, if a reload allows more. */
  readonly timeoutMs: number;
}

/** All that its spans tell. */
export interface EndedAttempt {
  readonly delivery: LeasedDelivery;
  readonly config: DestinationConfig;
  readonly finished: FinishedAttempt;
}

export interface AttemptTraces {
  /** null: its event has no trace. */
  begin(delivery: LeasedDelivery): AttemptTrace | null;
  /** Records its spans, if they are recorded. Never throws. */
  ended(attempt: EndedAttempt, trace: AttemptTrace): void;
}

export interface AttemptDeps {
  /** The signing secret now, null where the destination has none. */
  signingSecret(config: DestinationConfig): string | null;
  /** Those that the file gives the destination, secrets as they are now. Throws ACKLINE_SECRET_MISSING for one that no header can have. */
  destinationHeaders(config: DestinationConfig): EnvelopeMeta['headers'];
  /** The original headers as this destination may see them: bearer secrets put back only where it is so configured. */
  headersFor(
    meta: EnvelopeMeta,
    config: DestinationConfig,
  ): EnvelopeMeta['headers'] | 'source-unknown' | 'source-gone';
  /** What the delivery's route makes of the body now; null: it goes out as it came. */
  readonly payloads: Payloads;
  readonly limits: Pick<AttemptLimits, 'bounded'>;
  /** null: there are none, and destinations are sent no `traceparent` of ours. */
  readonly traces?: AttemptTraces | null;
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
  const trace = deps.traces?.begin(delivery) ?? null;
  const result = await send(delivery, target, deps, trace).catch(
    (error: unknown): AttemptResult => ({ kind: 'error', errorClass: 'other', ...aboutSecret(error) }),
  );
  const { retry, onPark } = target.config;
  // A receiver that echoes its request would put a secret into the table.
  const isTold = !sendsSecrets(target.config) || result.kind !== 'response';
  const recorded = isTold ? result : { ...result, excerpt: null };
  const finished: FinishedAttempt = {
    delivery,
    traceId: traceIdOf(delivery.meta.traceparent),
    result: recorded,
    outcome: decideOutcome(result, delivery.tries, { retry, random: deps.random }),
    startedAt,
    ms: Math.round(performance.now() - startedMs),
    onPark,
  };
  if (trace !== null) deps.traces?.ended({ delivery, config: target.config, finished }, trace);
  return finished;
}

/** The provider's, or of its own. */
function sendsSecrets(config: DestinationConfig): boolean {
  return config.forwardSecret || secretHeaders(config).length > 0;
}

/** Which secret can not be used: by its place, and never its value. */
function aboutSecret(error: unknown): { readonly detail?: string } {
  return error instanceof AppError && error.code === 'ACKLINE_SECRET_MISSING'
    ? { detail: error.message }
    : {};
}

/** Of an attempt's time, for its turn, the expression and then a room of the `rate`: the request keeps the other half. */
const TRANSFORM_PART = 0.5;
const ABORTED: AttemptResult = { kind: 'error', errorClass: 'aborted' };
const LATE: AttemptResult = { kind: 'error', errorClass: 'transform-late' };

function send(
  delivery: LeasedDelivery,
  { config, sender, reservation, timeoutMs }: Target,
  deps: AttemptDeps,
  trace: AttemptTrace | null,
): Promise<AttemptResult> {
  const startedMs = performance.now();
  const headers = deps.headersFor(delivery.meta, config);
  if (typeof headers === 'string') return Promise.resolve({ kind: 'error', errorClass: headers });
  return deps.limits.bounded(timeoutMs, async signal => {
    let ofTransform: AbortSignal | null = null;
    const transformLimit = () =>
      (ofTransform ??= AbortSignal.any([signal, AbortSignal.timeout(timeoutMs * TRANSFORM_PART)]));
    const making = deps.payloads.make(delivery, config, transformLimit);
    if (making !== null) reservation.lendRoom();
    const made = making === null ? { body: delivery.body } : await making;
    if (trace !== null && making !== null) trace.transformMs = performance.now() - startedMs;
    if ('kind' in made) return signal.aborted ? ABORTED : made;
    // Not before: a transform may take long, or fail.
    const limit = making === null ? signal : transformLimit();
    if (!(await reservation.begin(limit))) return signal.aborted ? ABORTED : LATE;
    return sender.send({
      url: addressOf(config),
      webhook: {
        deliveryId: delivery.id,
        url: delivery.meta.url,
        headers,
        body: made.body,
        isTransformed: making !== null,
        replay: delivery.replay,
        ...(trace === null ? {} : { traceparent: formatTraceparent(trace) }),
        ...(delivery.editNumber === undefined ? {} : { edit: delivery.editNumber }),
        signingSecret: deps.signingSecret(config),
        destinationHeaders: deps.destinationHeaders(config),
        now: new Date(),
      },
      event: delivery.meta,
      attempt: delivery.tries + 1,
      signal,
      timeoutMs: timeoutMs - (performance.now() - startedMs),
      ...attributesTo(trace),
    });
  });
}

/** What a handler says of its call is told with its span. */
function attributesTo(trace: AttemptTrace | null): Pick<OutboundDelivery, 'onAttribute'> {
  if (trace === null) return {};
  return { onAttribute: (name, value) => void (trace.handlerAttributes ??= new Map()).set(name, value) };
}

/** Opens what was claimed. Throws ACKLINE_ENVELOPE_INVALID or ACKLINE_STORED_FORM_UNKNOWN for a row that can't be read. */
export function openClaimed(claimed: ClaimedDelivery): LeasedDelivery {
  return {
    id: claimed.id,
    leaseId: claimed.leaseId,
    eventId: claimed.eventId,
    route: claimed.route,
    transforms: claimed.transforms,
    tries: claimed.tries,
    replay: claimed.replay,
    followed: claimed.followed,
    waitedMs: claimed.waitedMs,
    lastAt: claimed.lastAt ?? null,
    lastButOneAt: claimed.lastButOneAt ?? null,
    hasFailed: claimed.hasFailed ?? false,
    meta: decodeMeta(open({ keyId: claimed.keyId, bytes: claimed.meta })),
    body: open({ keyId: claimed.edit?.keyId ?? claimed.keyId, bytes: claimed.body }),
    ...(claimed.edit === undefined ? {} : { editNumber: claimed.edit.n }),
  };
}
