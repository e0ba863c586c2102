import { createHash } from 'node:crypto';

const SHOWN_DIGITS = 8;

/** Tells which rows of a source have the same key, and not which it is: a key may be a phone number. */
export function hiddenKey(source: string, key: string): string {
  const hash = createHash('sha256').update(`${source}\n${key}`).digest('hex');
  return `#${hash.slice(0, SHOWN_DIGITS)}`;
}
