import type { HeaderPairs } from './envelope.ts';
import { isNamed } from './headers.ts';
import type { Provider } from './provider.ts';

// Nine digits: an index, not a number that could lose digits.
const PLACEHOLDER = /^secret:(\d{1,9})$/;

/** In the place of a value that is not the proven secret: nothing is put back there. */
const OTHER_VALUE = 'secret:other';

/**
 * The headers with each bearer secret replaced by `secret:<index>` (A3): what is appended, stored and logged holds the place
 * of the secret in the source's list, never its value. A value that is not the secret which proved the request (by a header
 * of another kind) is replaced by `secret:other`. Names, order and the other values stay as they are.
 */
export function redactBearer(
  headers: HeaderPairs,
  bearerHeaders: readonly string[],
  { secret, secretIndex }: { readonly secret: string; readonly secretIndex: number },
): HeaderPairs {
  if (bearerHeaders.length === 0) return headers;
  return headers.map(pair => {
    if (!isBearer(pair[0], bearerHeaders)) return pair;
    return [pair[0], pair[1].endsWith(secret) ? `secret:${secretIndex}` : OTHER_VALUE];
  });
}

/**
 * The reverse of {@link redactBearer}, for a destination with `forwardSecret`. A placeholder whose secret is gone (or is empty
 * now) stays: the receiver then refuses it, which is better than a guess.
 */
export function restoreBearer(
  headers: HeaderPairs,
  { bearerHeaders, bearerPrefix = '' }: Pick<Provider, 'bearerHeaders' | 'bearerPrefix'>,
  secrets: readonly string[],
): HeaderPairs {
  if (bearerHeaders.length === 0) return headers;
  return headers.map(([name, value]) => {
    const index = isBearer(name, bearerHeaders) ? PLACEHOLDER.exec(value)?.[1] : undefined;
    const secret = index === undefined ? '' : (secrets[Number(index)] ?? '');
    return [name, secret === '' ? value : bearerPrefix + secret];
  });
}

/** Whether a secret's place is in them: {@link restoreBearer} has something to put back. */
export function lacksSecret(headers: HeaderPairs): boolean {
  return headers.some(([, value]) => PLACEHOLDER.test(value));
}

function isBearer(name: string, bearerHeaders: readonly string[]): boolean {
  return bearerHeaders.some(bearer => isNamed(name, bearer));
}
