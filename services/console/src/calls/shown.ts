import type { z } from 'zod';
import type { ListedEvent } from '@ackline/store/event-list';
import type { EditFacts } from '@ackline/store/delivery-edits';
import type { DeliveryDetails } from '@ackline/store/event-details';
import type { Caller } from '../access/caller.ts';
import type { ShowKey } from '../access/shown-keys.ts';
import type { eventRoutes } from '../api/events.ts';
import type { deliveryRoutes } from '../api/deliveries.ts';

type ShownEvent = z.input<typeof eventRoutes.streamEvents.answer>;
type ShownDelivery = z.input<typeof deliveryRoutes.readDelivery.answer>;

/** An event as a list has it, as far as the caller may see it. */
export function shownEvent(event: ListedEvent, showKey: ShowKey): ShownEvent {
  const { seq, id, source, tenant, provider, type, tier, routing, bodyBytes } = event;
  return {
    seq,
    id,
    source,
    tenant,
    provider,
    type,
    dedupKey: showKey(source, event.dedupKey),
    orderingKey: showKey(source, event.orderingKey),
    receivedAt: event.receivedAt.toISOString(),
    storedAt: event.storedAt.toISOString(),
    tier,
    routing,
    bodyBytes,
    deliveries: event.deliveries.map(delivery => ({
      ...delivery,
      dueAt: isoTime(delivery.dueAt),
      finishedAt: delivery.finishedAt === null ? null : isoTime(delivery.finishedAt),
    })),
  };
}

/** `edits`: of any deliveries, its own among them. */
export function shownDelivery(
  delivery: DeliveryDetails,
  edits: readonly EditFacts[],
  { caller, showKey }: { readonly caller: Caller; readonly showKey: ShowKey },
): ShownDelivery {
  const maySeeExcerpts = caller.scopes.has('payload');
  return {
    ...delivery,
    dueAt: delivery.dueAt.toISOString(),
    finishedAt: delivery.finishedAt?.toISOString() ?? null,
    createdAt: delivery.createdAt.toISOString(),
    orderingKey: showKey(delivery.source, delivery.orderingKey),
    attempts: delivery.attempts.map(({ at, ms, outcome, status, error, excerpt, times }) => ({
      at,
      ms,
      outcome,
      status,
      error,
      excerpt: maySeeExcerpts ? excerpt : null,
      times: times ?? null,
    })),
    edits: edits
      .filter(({ deliveryId }) => deliveryId === delivery.id)
      .map(({ n, editedAt, editedBy, bytes }) => ({ n, at: editedAt.toISOString(), by: editedBy, bytes })),
  };
}

/** PostgreSQL writes times in JSON with its own offset. */
function isoTime(text: string): string {
  return new Date(text).toISOString();
}
