import { eventFields, type Field, lineOf, type LineStyle, shownName } from '../output/event-fields.ts';
import type { StreamedEvent } from './follow-events.ts';

/** One line of an event, on a narrow terminal more. No text of it can move the cursor, colour anything or begin another line. */
export function eventLine(event: StreamedEvent, style: LineStyle): string {
  const { storedAt, orderingKey, id } = event;
  const key = orderingKey === null ? '–' : shownName(orderingKey);
  return lineOf(
    [...eventFields(storedAt, event), { text: key }, destinations(event), { text: id, colour: 'dim' }],
    style,
  );
}

function destinations({ routing, deliveries }: StreamedEvent): Field {
  if (routing === 'unmatched') return { text: 'no route takes it', colour: 'yellow' };
  if (routing === 'unrouted')
    return { text: 'its source is not known to the processor yet', colour: 'yellow' };
  const names = deliveries.map(({ destination }) => shownName(destination)).join(', ');
  return { text: `→ ${names || 'delivered'}` };
}
