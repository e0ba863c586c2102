import type { NewDelivery } from '@ackline/store/deliveries';
import { type FirstDelivery, insertFirst, insertWaiting } from '@ackline/store/delivery-insert';
import type { PoolClient } from 'pg';
import type { DeliveryDesk, Reservation } from './desk.ts';

/** A delivery to be inserted; `event` goes along to its first attempt. */
export interface PlannedDelivery<Event> {
  readonly delivery: NewDelivery;
  readonly event: Event;
}

export interface PlacedDeliveries<Event> {
  /** Inserted already leased; the reservations are the caller's. */
  readonly starts: readonly {
    readonly delivery: FirstDelivery;
    readonly event: Event;
    readonly reservation: Reservation;
  }[];
  /** Destinations of deliveries that were left due, for whoever has a free slot. */
  readonly leftDue: readonly string[];
}

interface Candidate<Event> extends PlannedDelivery<Event> {
  readonly followed: boolean;
  readonly reservation: Reservation | null;
}

/**
 * Inserts deliveries, in the order given, at their places in the order of their keys: only the first of a key may be sent or
 * be due, and only where nothing of the key is open; all others wait (H1).
 */
export async function placeDeliveries<Event>(
  client: PoolClient,
  wanted: readonly PlannedDelivery<Event>[],
  desk: Pick<DeliveryDesk, 'tryReserve'>,
): Promise<PlacedDeliveries<Event>> {
  if (wanted.length === 0) return { starts: [], leftDue: [] };
  const groups = Map.groupBy(wanted, ({ delivery }) => keyText(delivery));
  const candidates: Candidate<Event>[] = [];
  try {
    for (const [first, ...others] of groups.values()) {
      if (first !== undefined) candidates.push(candidate(first, others.length > 0, desk));
    }
    const inserted = await insertFirst(client, candidates.map(firstRow));
    for (const { delivery, reservation } of candidates)
      if (!inserted.has(delivery.id)) reservation?.giveBackUnheard();
    const waiting = [...groups.values()].flatMap(([first, ...others]) =>
      first === undefined || inserted.has(first.delivery.id) ? others : [first, ...others],
    );
    await insertWaiting(
      client,
      waiting.map(({ delivery }) => delivery),
    );
    const starts = candidates.flatMap(({ reservation, delivery, event, followed }) =>
      reservation !== null && inserted.has(delivery.id)
        ? [{ reservation, event, delivery: firstRow({ delivery, event, followed, reservation }) }]
        : [],
    );
    return { starts, leftDue: leftDue(candidates, inserted) };
  } catch (error) {
    for (const { reservation } of candidates) reservation?.giveBackUnheard();
    throw error;
  }
}

/** What is due later than now is not among them: its time will come. */
function leftDue<Event>(
  candidates: readonly Candidate<Event>[],
  inserted: ReadonlySet<string>,
): readonly string[] {
  const left = candidates.filter(
    ({ delivery, reservation }) =>
      reservation === null && delivery.notBefore === null && inserted.has(delivery.id),
  );
  return [...new Set(left.map(({ delivery }) => delivery.destination))];
}

function candidate<Event>(
  { delivery, event }: PlannedDelivery<Event>,
  followed: boolean,
  desk: Pick<DeliveryDesk, 'tryReserve'>,
): Candidate<Event> {
  const { destination, tenant, notBefore, bodyBytes } = delivery;
  const reservation = notBefore === null ? desk.tryReserve(destination, bodyBytes, tenant) : null;
  return { delivery, event, followed, reservation };
}

function firstRow<Event>({ delivery, followed, reservation }: Candidate<Event>): FirstDelivery {
  const lease = reservation === null ? null : { leaseId: reservation.leaseId, leaseMs: reservation.leaseMs };
  return { ...delivery, lease, followed };
}

/** A delivery without a key is a group of its own. */
function keyText({ id, destination, source, orderingKey }: NewDelivery): string {
  return orderingKey === null ? id : JSON.stringify([destination, source, orderingKey]);
}
