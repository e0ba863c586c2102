import { printable } from '@ackline/shared/printable';
import { type Paint, statusColour } from '../output/colours.ts';
import { formatMs } from '../output/units.ts';
import type { PulledEvent } from './local-server.ts';

const SOURCE_CHARS = 16;
const TYPE_CHARS = 20;
const STATUS_CHARS = 7;
const MS_CHARS = 8;
const MAX_CHARS = 60;

/** One line of an event that went out. No text of it can move the cursor or begin another line. */
export function requestLine(
  event: PulledEvent,
  {
    status,
    ms,
    isAgain = false,
  }: { readonly status: number; readonly ms: number; readonly isAgain?: boolean },
  paint: Paint,
): string {
  return line(event, paint, [
    paint(statusColour(status), String(status).padEnd(STATUS_CHARS)),
    formatMs(ms).padStart(MS_CHARS),
    ...(isAgain ? ['again'] : []),
  ]);
}

export function skippedLine(event: PulledEvent, why: string, paint: Paint): string {
  return line(event, paint, [paint('yellow', 'skipped'), why]);
}

function line(event: PulledEvent, paint: Paint, end: readonly string[]): string {
  return [
    paint('dim', new Date().toISOString().slice(11, 23)),
    paint('cyan', shown(event.source).padEnd(SOURCE_CHARS)),
    shown(event.type).padEnd(TYPE_CHARS),
    ...end,
    paint('dim', event.id),
  ].join('  ');
}

function shown(text: string): string {
  const safe = printable(text);
  return safe.length <= MAX_CHARS ? safe : `${safe.slice(0, MAX_CHARS - 1)}…`;
}
