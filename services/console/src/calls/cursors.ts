import { AppError } from '@ackline/shared/app-error';
import type { EventPlace } from '@ackline/store/event-places';
import { z } from 'zod';

/** Cursors are for this API alone to read; their form may change. */
const EVENT = /^(\d{4}-\d{2}-\d{2})\.(\d{1,19})$/;
/** A time in PostgreSQL's words, to the microsecond. */
const POSTGRES_TIME = /^\d{4,6}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,6})?\+00$/;

const timed = z.tuple([z.string().regex(POSTGRES_TIME), z.guid()]);
const NUMBER = /^\d{1,19}$/;

const unknown = () =>
  new AppError('ACKLINE_CALL_INVALID', 'The cursor is none of this list: begin without one');

export function eventCursor({ storedDay, seq }: EventPlace): string {
  return `${storedDay}.${seq}`;
}

/** Throws ACKLINE_CALL_INVALID. */
export function readEventCursor(text: string): EventPlace {
  const [, storedDay, seq] = EVENT.exec(text) ?? [];
  if (storedDay === undefined || seq === undefined || !isDay(storedDay) || BigInt(seq) >= 2n ** 63n)
    throw unknown();
  return { storedDay, seq };
}

/** `Date.parse` alone takes 30 February for 2 March. */
function isDay(text: string): boolean {
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

/** Of lists by time. */
export interface TimePlace {
  readonly at: string;
  readonly id: string;
}

export function timeCursor({ at, id }: TimePlace): string {
  return Buffer.from(JSON.stringify([at, id])).toString('base64url');
}

/** Throws ACKLINE_CALL_INVALID; null: there is none. */
export function readTimeCursor(text: string | undefined): TimePlace | null {
  if (text === undefined) return null;
  try {
    const [at, id] = timed.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
    return { at, id };
  } catch {
    throw unknown();
  }
}

/** Of lists by number. Throws ACKLINE_CALL_INVALID; null: there is none. */
export function readNumberCursor(text: string | undefined): string | null {
  if (text === undefined) return null;
  if (!NUMBER.test(text) || BigInt(text) >= 2n ** 63n) throw unknown();
  return text;
}
