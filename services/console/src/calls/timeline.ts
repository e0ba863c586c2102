import type { EditFacts } from '@ackline/store/delivery-edits';
import type { DeliveryDetails, EventFacts } from '@ackline/store/event-details';
import type { ListedEvent } from '@ackline/store/event-list';
import type { z } from 'zod';
import type { eventRoutes } from '../api/events.ts';

type Entry = z.input<typeof eventRoutes.readEvent.answer>['timeline'][number];

/** What happened to an event, in the order of time. */
export function timelineOf(
  event: Pick<ListedEvent, 'receivedAt' | 'storedAt'>,
  { occurredAt }: Pick<EventFacts, 'occurredAt'>,
  {
    deliveries,
    edits,
  }: { readonly deliveries: readonly DeliveryDetails[]; readonly edits: readonly EditFacts[] },
): Entry[] {
  const own = (what: Entry['what'], at: Date): Entry => ({
    at: at.toISOString(),
    what,
    deliveryId: null,
    destination: null,
    outcome: null,
  });
  return [
    ...(occurredAt === null ? [] : [own('occurred', occurredAt)]),
    own('received', event.receivedAt),
    own('stored', event.storedAt),
    ...deliveries.flatMap(entriesOf),
    ...edits.map(
      ({ deliveryId, n, editedAt, editedBy }): Entry => ({
        at: editedAt.toISOString(),
        what: 'edited',
        deliveryId,
        destination: deliveries.find(({ id }) => id === deliveryId)?.destination ?? null,
        outcome: `edit ${n} by ${editedBy}`,
      }),
    ),
  ].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

function entriesOf(delivery: DeliveryDetails): Entry[] {
  const { id: deliveryId, destination, state, finishedAt } = delivery;
  const attempts = delivery.attempts.map(({ at, outcome, status, error }): Entry => {
    const answer = status ?? error;
    return {
      at,
      what: 'attempted',
      deliveryId,
      destination,
      outcome: answer === null ? outcome : `${outcome} (${answer})`,
    };
  });
  if (finishedAt === null || state === 'waiting' || state === 'due' || state === 'leased') return attempts;
  return [
    ...attempts,
    { at: finishedAt.toISOString(), what: state, deliveryId, destination, outcome: delivery.parkReason },
  ];
}
