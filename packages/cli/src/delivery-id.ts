import { AppError } from '@ackline/shared/app-error';
import { type ListedEvent, listEvents } from '@ackline/store/event-list';
import { InvalidArgumentError } from 'commander';
import type { Pool } from 'pg';
import { MAX_LIMIT } from './commands/events.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** For commander: the id of a delivery. */
export function parseId(text: string): string {
  if (!UUID.test(text)) throw new InvalidArgumentError('It must be the id of a delivery.');
  return text;
}

/** The error for an id that is of no such delivery. */
export async function missing(pool: Pool, what: string, id: string): Promise<AppError> {
  // An id that was copied from `ackline events` is of one that it lists.
  const events = await listEvents(pool, { limit: MAX_LIMIT });
  return new AppError('ACKLINE_NOT_FOUND', describeMissing(what, id, events));
}

/** `ackline events` shows ids of both kinds: who copied that of an event is told those of its deliveries. */
export function describeMissing(what: string, id: string, events: readonly ListedEvent[]): string {
  const event = events.find(candidate => candidate.id === id.toLowerCase());
  if (event === undefined) return `There is no ${what} with the id ${id}`;
  const deliveries = event.deliveries.map(
    delivery => `${delivery.id} (${delivery.destination}, ${delivery.state})`,
  );
  return `${id} is the id of an event; its deliveries: ${deliveries.join(', ') || 'none'}`;
}
