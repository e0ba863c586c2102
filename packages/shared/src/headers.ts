import type { HeaderPairs } from './envelope.ts';

/** A header that must be there once: a repeated one is never guessed at, since two readers may pick different copies. */
export type SingleHeader =
  | { readonly found: 'none' }
  | { readonly found: 'one'; readonly value: string }
  | { readonly found: 'many' };

/** All values of a header, in order; `lowerName` in lower case. */
export function headerValues(headers: HeaderPairs, lowerName: string): string[] {
  const values: string[] = [];
  for (const [name, value] of headers) if (isNamed(name, lowerName)) values.push(value);
  return values;
}

const NONE: SingleHeader = { found: 'none' };
const MANY: SingleHeader = { found: 'many' };

export function singleHeader(headers: HeaderPairs, lowerName: string): SingleHeader {
  let found: string | null = null;
  for (const [name, value] of headers) {
    if (!isNamed(name, lowerName)) continue;
    if (found !== null) return MANY;
    found = value;
  }
  return found === null ? NONE : { found: 'one', value: found };
}

/** The value of a header that is there once and has this form; null otherwise. */
export function shapedHeader(headers: HeaderPairs, lowerName: string, form: RegExp): string | null {
  const header = singleHeader(headers, lowerName);
  return header.found === 'one' && form.test(header.value) ? header.value : null;
}

/** The lengths first: this is asked of every header of every request, and a lower-case copy of each would be made for it. */
export function isNamed(name: string, lowerName: string): boolean {
  return name.length === lowerName.length && (name === lowerName || name.toLowerCase() === lowerName);
}

/** Node's flat `rawHeaders` (name, value, name, value, …) as pairs; a name without a value is left out. */
export function pairsFromRaw(rawHeaders: readonly string[]): [name: string, value: string][] {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    pairs.push([rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '']);
  }
  return pairs;
}

/** The media type in lower case, without parameters; null where there is none, an empty one, or more than one. */
export function mediaType(headers: HeaderPairs): string | null {
  const header = singleHeader(headers, 'content-type');
  if (header.found !== 'one') return null;
  const [type = ''] = header.value.split(';', 1);
  return type.trim().toLowerCase() || null;
}
