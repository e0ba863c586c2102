import type { ListedEvent } from '@ackline/store/event-list';
import type { EventSearch } from '@ackline/store/event-search';
import type { z } from 'zod';
import { AppError } from '@ackline/shared/app-error';
import { type Caller, tenantOf } from '../access/caller.ts';
import type { eventRoutes } from '../api/events.ts';

/**
 * What a list and the live stream are asked for alike, of the caller's own tenant. By a key only who may see it filters: else somebody
 * finds it by trying. Throws ACKLINE_NOT_ALLOWED.
 */
export function commonSearch(
  query: Omit<z.output<typeof eventRoutes.streamEvents.query>, 'after' | 'where' | 'storedSince' | 'keys'>,
  caller: Caller,
): EventSearch {
  const { source, type, dedupKey, orderingKey, destination } = query;
  if ((dedupKey ?? orderingKey) !== undefined && !caller.scopes.has('payload'))
    throw new AppError(
      'ACKLINE_NOT_ALLOWED',
      'Filters by dedupKey and orderingKey need the scope `payload`, and the caller has it not',
    );
  return { source, type, dedupKey, orderingKey, destination, tenant: tenantOf(caller, query.tenant) };
}

/** Whether an event is one that the search asks for: what PostgreSQL does for a list, for one that is there already. */
export function matches(event: ListedEvent, search: EventSearch): boolean {
  const isSame = (['source', 'tenant', 'type', 'dedupKey', 'orderingKey'] as const).every(
    field => search[field] === undefined || search[field] === event[field],
  );
  return isSame && isWithin(event, search) && hasDelivery(event, search);
}

function isWithin({ receivedAt, storedAt }: ListedEvent, search: EventSearch): boolean {
  return (
    isBetween(receivedAt, search.receivedSince, search.receivedUntil) &&
    isBetween(storedAt, search.storedSince, search.storedUntil)
  );
}

function isBetween(time: Date, since: string | undefined, until: string | undefined): boolean {
  const ms = time.getTime();
  return (since === undefined || ms >= Date.parse(since)) && (until === undefined || ms <= Date.parse(until));
}

function hasDelivery({ deliveries }: ListedEvent, { destination, state }: EventSearch): boolean {
  if (destination === undefined && state === undefined) return true;
  return deliveries.some(
    delivery =>
      (destination === undefined || delivery.destination === destination) &&
      (state === undefined || delivery.state === state),
  );
}
