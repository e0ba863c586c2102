import { printable } from '@ackline/shared/printable';
import type { Paint } from '../output/colours.ts';
import type { StreamedEvent } from './follow-events.ts';

/** As wide as most names are: longer ones move what is behind them. */
const SOURCE_CHARS = 16;
const TYPE_CHARS = 20;
/** Of a type or key that a sender chose. */
const MAX_CHARS = 60;

/** One line of an event. No text of it can move the cursor, colour anything or begin another line. */
export function eventLine(event: StreamedEvent, paint: Paint): string {
  const { storedAt, source, type, orderingKey, id } = event;
  return [
    paint('dim', storedAt.slice(11, 23)),
    paint('cyan', shown(source).padEnd(SOURCE_CHARS)),
    shown(type).padEnd(TYPE_CHARS),
    orderingKey === null ? '–' : shown(orderingKey),
    destinations(event, paint),
    paint('dim', id),
  ].join('  ');
}

function destinations({ routing, deliveries }: StreamedEvent, paint: Paint): string {
  if (routing === 'unmatched') return paint('yellow', 'no route takes it');
  if (routing === 'unrouted') return paint('yellow', 'its source is not known to the processor yet');
  return `→ ${deliveries.map(({ destination }) => shown(destination)).join(', ') || 'delivered'}`;
}

function shown(text: string): string {
  const safe = printable(text);
  return safe.length <= MAX_CHARS ? safe : `${safe.slice(0, MAX_CHARS - 1)}…`;
}
