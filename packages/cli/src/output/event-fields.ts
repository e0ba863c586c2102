import { printable } from '@ackline/shared/printable';
import type { CommandContext } from '../command-context.ts';
import { type Colour, type Paint, paint, plain } from './colours.ts';

/** As wide as most names are: longer ones move what is behind them. */
const SOURCE_CHARS = 16;
const TYPE_CHARS = 20;
/** Of a name that a sender chose. */
const MAX_CHARS = 60;
const GAP = '  ';
/** What goes on below stands under the source. */
const INDENT = ' '.repeat('12:00:01.250'.length + GAP.length);

export interface Field {
  readonly text: string;
  readonly colour?: Colour;
}

/** How lines look where they are shown. */
export interface LineStyle {
  readonly paint: Paint;
  /** Of the terminal, as wide as it is now; null: it is none, and a line is one line. */
  readonly columns: number | null;
}

export function lineStyle(context: CommandContext): LineStyle {
  const isColoured = context.isTerminal && context.config().areColoursWanted;
  return {
    paint: isColoured ? paint : plain,
    get columns() {
      return context.screen?.columns ?? null;
    },
  };
}

/** Fields beside each other. What a terminal has no room for goes on below: no field is broken that fits a line. */
export function lineOf(fields: readonly Field[], { paint: painted, columns }: LineStyle): string {
  const rows: Field[][] = [[]];
  let width = 0;
  for (const field of fields) {
    const wide = width + field.text.trimEnd().length;
    if (columns !== null && wide > columns && width > INDENT.length) {
      rows.push([]);
      width = INDENT.length;
    }
    rows.at(-1)?.push(field);
    width += field.text.length + GAP.length;
  }
  return rows.map(row => rowOf(row, painted)).join(`\n${INDENT}`);
}

function rowOf(row: readonly Field[], painted: Paint): string {
  const shown = row.map(({ text, colour }, index) => {
    const kept = index === row.length - 1 ? text.trimEnd() : text;
    return colour === undefined ? kept : painted(colour, kept);
  });
  return shown.join(GAP);
}

/** What each line of an event begins with. `time`: ISO, UTC. */
export function eventFields(
  time: string,
  { source, type }: { readonly source: string; readonly type: string },
): readonly Field[] {
  return [
    { text: time.slice(11, 23), colour: 'dim' },
    { text: shownName(source).padEnd(SOURCE_CHARS), colour: 'cyan' },
    { text: shownName(type).padEnd(TYPE_CHARS) },
  ];
}

/** No text of an event can move the cursor, colour anything, begin another line or fill the screen. */
export function shownName(text: string): string {
  const safe = printable(text);
  return safe.length <= MAX_CHARS ? safe : `${safe.slice(0, MAX_CHARS - 1)}…`;
}
