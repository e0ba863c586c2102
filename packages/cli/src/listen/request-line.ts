import { statusColour } from '../output/colours.ts';
import { eventFields, type Field, lineOf, type LineStyle } from '../output/event-fields.ts';
import { formatMs } from '../output/units.ts';
import type { PulledEvent } from './local-server.ts';

const STATUS_CHARS = 7;
const MS_CHARS = 8;

interface ShownAnswer {
  readonly status: number;
  readonly ms: number;
  readonly isAgain?: boolean;
}

/** One line of an event that went out, on a narrow terminal more. No text of it can move the cursor or begin another line. */
export function requestLine(
  event: PulledEvent,
  { status, ms, isAgain = false }: ShownAnswer,
  style: LineStyle,
): string {
  return line(event, style, [
    { text: String(status).padEnd(STATUS_CHARS), colour: statusColour(status) },
    { text: formatMs(ms).padStart(MS_CHARS) },
    ...(isAgain ? [{ text: 'again' }] : []),
  ]);
}

export function skippedLine(event: PulledEvent, why: string, style: LineStyle): string {
  return line(event, style, [{ text: 'skipped', colour: 'yellow' }, { text: why }]);
}

function line(event: PulledEvent, style: LineStyle, end: readonly Field[]): string {
  const begin = eventFields(new Date().toISOString(), event);
  return lineOf([...begin, ...end, { text: event.id, colour: 'dim' }], style);
}
