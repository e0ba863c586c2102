import { hash } from 'node:crypto';
import { parse, stringify } from 'node:querystring';

interface UrlParts {
  readonly scheme: string;
  readonly userInfo: string;
  readonly host: string;
  readonly hasPort: boolean;
  /** Path, query and all, character for character. */
  readonly rest: string;
}

/**
 * The spellings of the called URL that Twilio may have signed, the likeliest first; no duplicates.
 *
 * Twilio signs the URL as it is configured, with or without the standard port, so both are tried on the URL as received. Some of
 * its back ends sign an escaped form: the URL as the WHATWG parser writes it, and that with its query re-encoded, each with and
 * without the port. The list and its order are those of Twilio's own SDK. Every spelling is made out of the URL that was really
 * called, so trying more of them gives a forger nothing.
 */
export function signedUrlForms(url: string): readonly string[] {
  const forms = new Set([withoutPort(url), withPort(url)]);
  const normalized = URL.parse(url)?.toString();
  if (normalized !== undefined) {
    const plain = [withoutPort(normalized), withPort(normalized)];
    for (const form of [...plain, ...plain.map(reencodeQuery)]) forms.add(form);
  }
  return [...forms];
}

/**
 * The values of `bodySHA256` in the query. More than one is for the caller to refuse: two readers could check different ones.
 */
export function bodyHashParameters(url: string): string[] {
  const [beforeFragment = ''] = url.split('#', 1);
  const queryStart = beforeFragment.indexOf('?');
  if (queryStart === -1) return [];
  return new URLSearchParams(beforeFragment.slice(queryStart + 1)).getAll('bodySHA256');
}

/** As Twilio calls the URL with a body that is no form. */
export function withBodyHash(url: string, body: Uint8Array): string {
  return `${url}${url.includes('?') ? '&' : '?'}bodySHA256=${hash('sha256', body, 'hex')}`;
}

function splitUrl(url: string): UrlParts | null {
  // Not `new URL()`: it re-writes some characters of the path and query, and Twilio signed the exact ones.
  const match = /^([a-z][a-z0-9+.-]{0,31}:\/\/)([^/?#]*)/i.exec(url);
  if (!match) return null;
  const [prefix, scheme = '', authority = ''] = match;
  const userInfoEnd = authority.lastIndexOf('@') + 1;
  const hostAndPort = authority.slice(userInfoEnd);
  // Only a colon after the closing bracket of an IPv6 address begins the port.
  const portStart = hostAndPort.indexOf(':', hostAndPort.lastIndexOf(']') + 1);
  return {
    scheme,
    userInfo: authority.slice(0, userInfoEnd),
    host: portStart === -1 ? hostAndPort : hostAndPort.slice(0, portStart),
    hasPort: portStart !== -1,
    rest: url.slice(prefix.length),
  };
}

function withoutPort(url: string): string {
  const parts = splitUrl(url);
  return parts ? parts.scheme + parts.userInfo + parts.host + parts.rest : url;
}

function withPort(url: string): string {
  const parts = splitUrl(url);
  if (!parts || parts.hasPort) return url;
  const port = parts.scheme.toLowerCase() === 'https://' ? ':443' : ':80';
  return parts.scheme + parts.userInfo + parts.host + port + parts.rest;
}

function reencodeQuery(url: string): string {
  const queryStart = url.indexOf('?');
  if (queryStart === -1 || queryStart === url.length - 1) return url;
  return `${url.slice(0, queryStart)}?${stringify(parse(url.slice(queryStart + 1)))}`;
}
