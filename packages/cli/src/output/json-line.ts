/** What JSON leaves as it is and a terminal may obey, or show as a line of its own: C1 controls, bidi marks, U+2028. */
const OBEYED = /[\u007f-\u009f\p{Cf}\u2028\u2029]/gu;

/** A value as one line of JSON that any terminal shows and no terminal obeys; it is read back as the same. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replaceAll(OBEYED, escaped);
}

function escaped(text: string): string {
  return text
    .split('')
    .map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
