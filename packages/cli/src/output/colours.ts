/** What a line of a terminal may be coloured by. */
export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim';

const CODES: Readonly<Record<Colour, number>> = { red: 31, green: 32, yellow: 33, cyan: 36, dim: 2 };

export type Paint = (colour: Colour, text: string) => string;

export const paint: Paint = (colour, text) => `\u001b[${CODES[colour]}m${text}\u001b[0m`;

export const plain: Paint = (_colour, text) => text;

/** Of an answer to a webhook. */
export function statusColour(status: number): Colour {
  if (status < 300) return 'green';
  return status < 500 ? 'yellow' : 'red';
}
