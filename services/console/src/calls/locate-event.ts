import { AppError } from '@ackline/shared/app-error';
import { type EventLocation, locateEvent } from '@ackline/store/event-details';
import type { Pool } from 'pg';
import { type Caller, maySee } from '../access/caller.ts';

/** Where an event is. Throws ACKLINE_NOT_FOUND, also for one of another tenant. */
export async function locate(reads: Pick<Pool, 'query'>, id: string, caller: Caller): Promise<EventLocation> {
  const located = await locateEvent(reads, id);
  if (located === null || !maySee(caller, located.tenant)) throw noEvent(id);
  return located;
}

export const noEvent = (id: string) =>
  new AppError('ACKLINE_NOT_FOUND', `There is no event with the id ${id}`);
