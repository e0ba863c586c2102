/**
 * Runs attempts that hold a lease and a slot:
 *
 * D3. An attempt ends before its lease does, and its outcome is written only while the lease is still its own. One that would
 *     end later, since this process stood still before it began, is not made: another has the delivery by then, or soon.
 * D4. `drain` waits for what is in flight; what takes longer is aborted and its lease given back.
 */
import type { Logger } from '@ackline/runtime/logger';
import type { EnvelopeMeta } from '@ackline/shared/envelope';
import { LEASE_MARGIN_MS } from '@ackline/store/deliveries';
import type { ClaimedDelivery } from '@ackline/store/delivery-claims';
import { type AttemptDeps, attemptDelivery, type LeasedDelivery, openClaimed } from './attempt.ts';
import { createAttemptLimits } from './attempt-limits.ts';
import type { Reservation } from '../../storing/desk.ts';
import type { Destination } from '../destination.ts';
import { type FinishedAttempt, isDestinationFailure, saysNothing, toRow } from '../outcomes/outcome.ts';
import type { OutcomeWriter } from '../outcomes/outcome-writer.ts';

export interface AttemptListener {
  started(destination: string, delivery: Pick<LeasedDelivery, 'replay' | 'waitedMs'>): void;
  /** `of`: whose event it was. */
  attempted(destination: string, attempt: FinishedAttempt, of: Pick<EnvelopeMeta, 'source' | 'tenant'>): void;
}

export interface AttemptRunnerDeps extends Omit<AttemptDeps, 'limits'> {
  /** Holds the work of a destination that answered 410. */
  pauseDestination(name: string, reason: string): Promise<void>;
  readonly writer: OutcomeWriter;
  readonly listener: AttemptListener;
  readonly log: Logger;
  /** Monotonic milliseconds, as the reservations have them. */
  readonly now: () => number;
}

/** What an attempt needs beside the delivery itself. */
export interface AttemptPlace {
  readonly destination: Destination;
  readonly reservation: Reservation;
}

export interface AttemptRunner {
  readonly inFlight: number;
  launch(place: AttemptPlace, delivery: LeasedDelivery): void;
  /** As `launch`, for a claimed row; one that can't be opened is parked. */
  launchClaimed(place: AttemptPlace, row: ClaimedDelivery): void;
  drain(deadlineMs: number): Promise<void>;
}

export function createAttemptRunner(deps: AttemptRunnerDeps): AttemptRunner {
  const limits = createAttemptLimits();
  const attemptDeps = { ...deps, limits };
  const inFlight = new Set<Promise<void>>();

  function launch(place: AttemptPlace, delivery: LeasedDelivery): void {
    const { leaseEndsAt, leaseMs } = place.reservation;
    const { config, sender } = place.destination;
    const timeoutMs = Math.min(config.timeoutMs, leaseMs - LEASE_MARGIN_MS);
    if (leaseEndsAt - deps.now() < timeoutMs) {
      giveUp(place, delivery, deps.log); // (D3)
      return;
    }
    deps.listener.started(config.name, delivery);
    const release = sender.hold(); // a reload may retire it before the body is made
    const target = { config, sender, reservation: place.reservation, timeoutMs };
    const attempt = attemptDelivery(delivery, target, attemptDeps)
      .then(finished => settle(place, { finished, leaseEndsAt, delivery }, deps))
      .catch((error: unknown) => {
        deps.log.error({ err: error, destination: place.destination.config.name }, 'delivery.failed-inside');
        place.reservation.giveBack();
      })
      .finally(() => {
        release();
        inFlight.delete(attempt);
      });
    inFlight.add(attempt);
  }

  return {
    get inFlight() {
      return inFlight.size;
    },
    launch,
    launchClaimed(place, row) {
      const opened = tryOpen(row, deps.log);
      if (opened !== null) launch(place, opened);
      else parkUnreadable(place, row, deps.writer);
    },
    async drain(deadlineMs) {
      const timer = setTimeout(() => limits.stop(), deadlineMs);
      while (inFlight.size > 0) await Promise.allSettled(inFlight);
      clearTimeout(timer);
    },
  };
}

interface Settled {
  readonly finished: FinishedAttempt;
  readonly leaseEndsAt: number;
  /** `followed`: others of its key wait for the outcome. */
  readonly delivery: Pick<LeasedDelivery, 'followed' | 'meta'>;
}

async function settle(
  { destination, reservation }: AttemptPlace,
  { finished, leaseEndsAt, delivery }: Settled,
  deps: AttemptRunnerDeps,
): Promise<void> {
  const { outcome, result } = finished;
  const { name } = destination.config;
  const isProbe = !destination.breaker.isClosed;
  const awaited = delivery.followed || saysNothing(result) || isProbe; // (O2)
  deps.writer.write(toRow(finished), { leaseEndsAt, awaited }); // (D3)
  endReservation(reservation, finished);
  deps.listener.attempted(name, finished, delivery.meta);
  logAttempt(deps.log, name, finished);
  if (outcome.kind === 'hold' && outcome.reason === 'gone') {
    await destination.pause.begin(() => deps.pauseDestination(name, 'answered 410 Gone'));
  }
}

/**
 * What could not be tried now is due again in a second: who waits for its slot looks by the poll, so that a queue of such work is
 * not claimed and held as fast as PostgreSQL can.
 */
function endReservation(reservation: Reservation, { result, outcome }: FinishedAttempt): void {
  if (!saysNothing(result)) reservation.finish(!isDestinationFailure(result));
  else if (outcome.kind === 'hold') reservation.giveBackUnheard();
  else reservation.giveBack();
}

/** The one line of an attempt: what happened to it, and what happens next. */
function logAttempt(
  log: Logger,
  destination: string,
  { delivery, traceId, result, outcome, ms }: FinishedAttempt,
): void {
  const fields = {
    event: 'delivery.attempted',
    eventId: delivery.eventId,
    traceId,
    delivery: delivery.id,
    destination,
    outcome: outcome.kind,
    status: result.kind === 'response' ? result.status : null,
    error: result.kind === 'error' ? result.errorClass : null,
    ...(result.kind === 'error' && result.systemCode !== undefined ? { errorCode: result.systemCode } : {}),
    ...(result.kind === 'error' && typeof result.detail === 'string' ? { detail: result.detail } : {}),
    ms,
    ...(outcome.kind === 'retry' ? { afterMs: outcome.afterMs } : {}),
    ...('reason' in outcome ? { reason: outcome.reason } : {}),
  };
  if (outcome.kind === 'delivered' || outcome.kind === 'retry') log.info(fields, 'Delivery attempted');
  else log.warn(fields, outcome.kind === 'park' ? 'Delivery parked' : 'Delivery held');
}

/** The row stays leased, and so nothing behind it goes: the sweep takes it back when the lease ends. */
function giveUp(place: AttemptPlace, delivery: LeasedDelivery, log: Logger): void {
  const { id, eventId } = delivery;
  log.warn({ delivery: id, eventId, destination: place.destination.config.name }, 'delivery.lease-too-old');
  place.reservation.giveBack();
}

function tryOpen(row: ClaimedDelivery, log: Logger): LeasedDelivery | null {
  try {
    return openClaimed(row);
  } catch (error) {
    log.error({ err: error, delivery: row.id }, 'delivery.unreadable');
    return null;
  }
}

function parkUnreadable(
  { destination, reservation }: AttemptPlace,
  row: ClaimedDelivery,
  writer: OutcomeWriter,
): void {
  const finished: FinishedAttempt = {
    delivery: row,
    result: { kind: 'error', errorClass: 'unreadable' },
    outcome: { kind: 'park', reason: 'unreadable' },
    startedAt: new Date(),
    ms: 0,
    onPark: destination.config.onPark,
  };
  writer.write(toRow(finished), { leaseEndsAt: reservation.leaseEndsAt, awaited: row.followed });
  reservation.giveBack();
}
