import type { IncomingMessage } from 'node:http';

/** By https with `__Host-` before it, which a browser lets no neighbour of the same domain set (a session that is not the person's own). */
export const SESSION_COOKIE = 'ackline-session';

export interface Cookie {
  readonly name: string;
  readonly value: string;
  /** null: it is taken away. */
  readonly lastsMs: number | null;
  /** Lax: it comes with a link from another site, too. */
  readonly sameSite: 'Strict' | 'Lax';
  readonly isHttps: boolean;
}

/** A Set-Cookie header. No script reads it, and only this host gets it back. */
export function setCookie({ name, value, lastsMs, sameSite, isHttps }: Cookie): string {
  return [
    `${cookieName(name, isHttps)}=${value}`,
    'Path=/',
    `Max-Age=${Math.floor((lastsMs ?? 0) / 1_000)}`,
    'HttpOnly',
    `SameSite=${sameSite}`,
    ...(isHttps ? ['Secure'] : []),
  ].join('; ');
}

/**
 * The value of a cookie that was set the way the request comes: where that is https, one without the prefix is nobody's. null: there is
 * none, or there are two, of which one is not ours.
 */
export function readCookie(
  { headers }: Pick<IncomingMessage, 'headers'>,
  name: string,
  { isHttps }: { readonly isHttps: boolean },
): string | null {
  const start = `${cookieName(name, isHttps)}=`;
  const found = (headers.cookie ?? '')
    .split(';')
    .map(part => part.trim())
    .filter(part => part.startsWith(start));
  const [only] = found;
  return found.length === 1 && only !== undefined ? only.slice(start.length) : null;
}

const cookieName = (name: string, isHttps: boolean) => (isHttps ? `__Host-${name}` : name);
