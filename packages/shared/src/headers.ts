import type { HeaderPairs } from './envelope.ts';

/** A header that must be there once: a repeated one is never guessed at, since two readers may pick different copies. */
export type SingleHeader =
  | { readonly found: 'none' }
  | { readonly found: 'one'; readonly value: string }
  | { readonly found: 'many' };

/** All values of a header, in order; `lowerName` in lower case. */
export function headerValues(headers: HeaderPairs, lowerName: string): string[] {
  return headers.filter(([name]) => name.toLowerCase() === lowerName).map(([, value]) => value);
}

export function singleHeader(headers: HeaderPairs, lowerName: string): SingleHeader {
  const [value, second] = headerValues(headers, lowerName);
  if (value === undefined) return { found: 'none' };
  return second === undefined ? { found: 'one', value } : { found: 'many' };
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
