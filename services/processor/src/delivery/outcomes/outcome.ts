import type { DestinationConfig } from '@ackline/shared/config/types';
import type { AttemptRecord } from '@ackline/store/deliveries';
import type { ClaimedDelivery } from '@ackline/store/delivery-claims';
import type { DeliveryOutcome } from '@ackline/store/delivery-outcomes';
import type { TransformFailure } from '../../transforming/transform-job.ts';

/**
 * Why an attempt brought no answer; a bounded set, so that it can be a label. no-leader: its partition of a topic has none now,
 * and others have. source-gone: it takes the provider's secret along, and its source is not in the file; source-unknown: not yet.
 */
export type AttemptErrorClass =
  | 'timeout'
  | 'connect'
  | 'reset'
  | 'tls'
  | 'dns'
  | 'aborted'
  | 'unreadable'
  | 'unsendable'
  | 'no-leader'
  | 'source-gone'
  | 'source-unknown'
  | TransformErrorClass
  | HandlerErrorClass
  | 'other';

/**
 * busy: nobody could evaluate the route's expression in time; late: somebody did, and the destination's `rate` had no room by then;
 * killed: the process that did was ended, and it is not known why; gone: the route is not in the file. The others: see TransformFailure.
 */
export type TransformErrorClass = `transform-${TransformFailure | 'gone' | 'busy' | 'late' | 'killed'}`;

/**
 * error: it threw; declined: an API that it called said no to this call; later: it said when; refused, undecodable: it gave the event
 * up; ended: its thread did, and had no other call.
 * interrupted: its thread was ended for another call's sake, or with several; busy: no thread took it in time; not-ready: none is there.
 */
export type HandlerErrorClass =
  `handler-${'error' | 'declined' | 'later' | 'refused' | 'undecodable' | 'ended' | 'interrupted' | 'busy' | 'not-ready'}`;

/** What one attempt came to, as the sender saw it. */
export type AttemptResult =
  /** A log that confirms, or a handler that returned: it says no more. */
  | { readonly kind: 'acked' }
  | {
      readonly kind: 'response';
      readonly status: number;
      /** From `Retry-After`; null where there is none. */
      readonly retryAfterMs: number | null;
      /** The start of the answer's body, as storable text. */
      readonly excerpt: string | null;
    }
  | {
      readonly kind: 'error';
      readonly errorClass: AttemptErrorClass;
      /** What the system calls it ("ECONNREFUSED"), for the log only: there is no bound on how many there are. */
      readonly systemCode?: string;
      /** What a person needs to find the mistake; nothing of the event. */
      readonly detail?: string | null;
      /** As of a response. */
      readonly retryAfterMs?: number | null;
    };

/**
 * exhausted: the schedule is used up; unreadable: what is stored can't be opened by this release; unsendable: HTTP can't carry
 * it (a header that the client refuses), the topic never takes it, or its source's secret is nowhere, so no later try can either; untransformable: its route's expression makes no body of it;
 * refused: the handler gave it up; undecodable: it is not what the handler's source sends.
 */
export type ParkReason =
  | 'exhausted'
  | 'unreadable'
  | 'unsendable'
  | 'untransformable'
  | 'refused'
  | 'undecodable';

/**
 * busy: those that evaluate expressions, or the threads of the handler, have others before it, or a newer file is waited for; late: the `rate` has; killed: the process that had
 * it was ended; interrupted: the thread was; not-ready: the handler is not loaded.
 */
export type HoldReason = 'gone' | 'draining' | 'busy' | 'late' | 'killed' | 'interrupted' | 'not-ready';

/** What is done about a delivery after an attempt. Decided once, here. */
export type Outcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly afterMs: number }
  | { readonly kind: 'park'; readonly reason: ParkReason }
  | { readonly kind: 'hold'; readonly reason: HoldReason };

interface ErrorMeaning {
  /** What no other try would change; null: the schedule says when another is due. A hold alone uses up none of it. */
  readonly final: Outcome | null;
  /** The breaker counts it; false: the breaker learns nothing. */
  readonly isFailure: boolean;
}

const IN_TROUBLE: ErrorMeaning = { final: null, isFailure: true };
const park = (reason: ParkReason): ErrorMeaning => ({ final: { kind: 'park', reason }, isFailure: false });
const hold = (reason: HoldReason): ErrorMeaning => ({ final: { kind: 'hold', reason }, isFailure: false });

/** All that is decided by the class of an error. Where it is held, nobody hears of the slot that is free again (attempt-runner.ts). */
const ERRORS: Readonly<Record<AttemptErrorClass, ErrorMeaning>> = {
  timeout: IN_TROUBLE,
  connect: IN_TROUBLE,
  reset: IN_TROUBLE,
  tls: IN_TROUBLE,
  dns: IN_TROUBLE,
  other: IN_TROUBLE,
  'no-leader': { final: null, isFailure: false },
  aborted: hold('draining'),
  'transform-busy': hold('busy'),
  'transform-late': hold('late'),
  'transform-killed': hold('killed'),
  unreadable: park('unreadable'),
  unsendable: park('unsendable'),
  'source-unknown': hold('busy'),
  'source-gone': park('unsendable'),
  'transform-gone': park('untransformable'),
  'transform-error': park('untransformable'),
  'transform-empty': park('untransformable'),
  'transform-too-large': park('untransformable'),
  'transform-timeout': park('untransformable'),
  'transform-memory': park('untransformable'),
  'handler-error': IN_TROUBLE,
  'handler-ended': IN_TROUBLE,
  'handler-declined': { final: null, isFailure: false },
  'handler-later': { final: null, isFailure: false },
  'handler-refused': park('refused'),
  'handler-undecodable': park('undecodable'),
  'handler-interrupted': hold('interrupted'),
  'handler-busy': hold('busy'),
  'handler-not-ready': hold('not-ready'),
};

/** A `Retry-After` is honoured up to here: a receiver can slow us down, not make us forget. */
export const MAX_RETRY_AFTER_MS = 24 * 60 * 60_000;
/** A held delivery is looked at again after this; a pause keeps it longer. */
const HOLD_MS = 1_000;
const GONE = 410;

export interface RetryPolicy {
  readonly retry: DestinationConfig['retry'];
  /** [0, 1). */
  readonly random: () => number;
}

/** 2xx is delivered; 410 holds (the destination is disabled); anything else is tried again until the schedule is used up. */
export function decideOutcome(result: AttemptResult, tries: number, policy: RetryPolicy): Outcome {
  return final(result) ?? nextTry(result, tries, policy);
}

/** What no other try would change; null: another try may. */
function final(result: AttemptResult): Outcome | null {
  if (result.kind === 'acked') return { kind: 'delivered' };
  if (result.kind === 'error') return ERRORS[result.errorClass].final;
  if (result.status >= 200 && result.status <= 299) return { kind: 'delivered' };
  return result.status === GONE ? { kind: 'hold', reason: 'gone' } : null;
}

function nextTry(result: AttemptResult, tries: number, policy: RetryPolicy): Outcome {
  const waitMs = policy.retry.scheduleMs[tries];
  if (waitMs === undefined) return { kind: 'park', reason: 'exhausted' };
  const jitteredMs = policy.retry.jitter === 'full' ? Math.floor(policy.random() * waitMs) : waitMs;
  const askedMs = result.kind === 'acked' ? 0 : (result.retryAfterMs ?? 0);
  return { kind: 'retry', afterMs: Math.max(jitteredMs, Math.min(askedMs, MAX_RETRY_AFTER_MS)) };
}

/**
 * True where the attempt says nothing of the destination: its breaker learns nothing, not even that it is well. It was not asked, or
 * what it said is of this event alone.
 */
export function saysNothing(result: AttemptResult): boolean {
  return result.kind === 'error' && !ERRORS[result.errorClass].isFailure;
}

/** True where the attempt says that the destination itself is in trouble: what its breaker counts. */
export function isDestinationFailure(result: AttemptResult): boolean {
  if (result.kind === 'error') return ERRORS[result.errorClass].isFailure;
  if (result.kind === 'acked') return false;
  return result.status >= 500 || result.status === 429 || result.status === 408;
}

export interface FinishedAttempt {
  readonly delivery: Pick<ClaimedDelivery, 'id' | 'leaseId' | 'eventId'>;
  /** Of its event; none: it has none. */
  readonly traceId?: string | undefined;
  readonly result: AttemptResult;
  readonly outcome: Outcome;
  readonly startedAt: Date;
  readonly ms: number;
  readonly onPark: DestinationConfig['onPark'];
}

/** The one place where an outcome becomes a row. */
export function toRow(attempt: FinishedAttempt): DeliveryOutcome {
  const { delivery, outcome } = attempt;
  const base = {
    id: delivery.id,
    leaseId: delivery.leaseId,
    afterMs: 0,
    countsAsTry: true,
    parkReason: null,
    blocks: false,
    attempt: attemptRecord(attempt),
  };
  switch (outcome.kind) {
    case 'delivered':
      return { ...base, state: 'delivered' };
    case 'retry':
      return { ...base, state: 'due', afterMs: outcome.afterMs };
    case 'park':
      return { ...base, state: 'parked', parkReason: outcome.reason, blocks: attempt.onPark === 'block' };
    case 'hold':
      return { ...base, state: 'due', afterMs: HOLD_MS, countsAsTry: false };
    default: {
      const never: never = outcome;
      return never;
    }
  }
}

function excerptOf(result: AttemptResult): string | null {
  if (result.kind === 'acked') return null;
  return result.kind === 'response' ? result.excerpt : (result.detail ?? null);
}

function attemptRecord({ result, outcome, startedAt, ms }: FinishedAttempt): AttemptRecord {
  return {
    at: startedAt.toISOString(),
    ms,
    outcome: outcome.kind,
    status: result.kind === 'response' ? result.status : null,
    error: result.kind === 'error' ? result.errorClass : null,
    excerpt: excerptOf(result),
    ...(outcome.kind === 'retry' ? { afterMs: outcome.afterMs } : {}),
  };
}
