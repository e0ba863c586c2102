import { hash } from 'node:crypto';
import { headerValues } from '../headers.ts';
import { type Diagnosis, shownUrl, type Suspect, type Variant } from './diagnosis.ts';

/** Names, and addresses, with a port or without. */
const AUTHORITY = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9a-fA-F:.]{2,45}\])(?::\d{1,5})?$/;
const PORT = /^\d{1,5}$/;
const TARGET = /^\/[!-~]{0,2000}$/;
/** Each is a check of a signature, of some spellings with some providers. */
const MAX_BASES = 40;
const MAX_URLS = 80;

interface Place {
  /** Scheme and authority. */
  readonly origin: string;
  /** Of the path, before what Ackline was called at: that of publicUrl. */
  readonly prefix: string;
  /** Path and query, as in the request line. */
  readonly target: string;
}

/**
 * The URLs that the provider may have called, of a provider that signs it: by what publicUrl, the Host header and those of proxies say,
 * with the path and the query as they may have been before a proxy. The likeliest first.
 */
export function urlVariants(suspect: Suspect): readonly Variant[] {
  const { request, provider } = suspect;
  if (!provider.signsUrl) return [];
  const called = placeOf(suspect);
  if (called === null) return [];
  const urls = new Map<string, Place>();
  const add = (place: Place, max: number) => {
    const url = place.origin + place.prefix + place.target;
    if (url !== request.url && urls.size < max && !urls.has(url)) urls.set(url, place);
  };
  const origins = originsOf(suspect, called);
  const prefixes = prefixesOf(suspect, called);
  for (const origin of origins) for (const prefix of prefixes) add({ ...called, origin, prefix }, MAX_BASES);
  for (const target of targetsOf(suspect, called)) {
    add({ ...called, target }, MAX_URLS);
    for (const origin of origins.slice(0, MAIN_ORIGINS)) add({ ...called, origin, target }, MAX_URLS);
  }
  return [...urls].map(([url, place]) => ({
    kind: 'url',
    request: { ...request, url },
    diagnose: () => describe(suspect, called, { url, place }),
  }));
}

/** With which other targets are tried, too: those of https come first. */
const MAIN_ORIGINS = 3;

function placeOf({ request: { url }, source: { publicUrl } }: Suspect): Place | null {
  const match = /^([a-z]{4,5}:\/\/[^/?#]*)(.*)$/is.exec(url);
  if (match === null) return null;
  const [, origin = '', rest = ''] = match;
  const prefix = publicUrl?.startsWith(origin) === true ? publicUrl.slice(origin.length) : '';
  return { origin, prefix, target: rest.slice(prefix.length) };
}

function originsOf({ request: { headers } }: Suspect, { origin }: Place): readonly string[] {
  const [scheme = 'https', declared = ''] = origin.split('://');
  const named = (name: string) => headerValues(headers, name).flatMap(value => value.split(',').map(trimmed));
  const authorities = new Set(
    [
      declared,
      ...named('x-forwarded-host'),
      ...named('x-original-host'),
      ...forwardedHosts(headers),
      ...named('host'),
    ].filter(text => AUTHORITY.test(text)),
  );
  const ports = named('x-forwarded-port').filter(text => PORT.test(text));
  const spellings = new Set<string>();
  for (const authority of [...authorities].slice(0, MAX_AUTHORITIES)) {
    const host = authority.replace(/:\d+$/, '');
    for (const spelling of [authority, host, ...ports.slice(0, 1).map(port => `${host}:${port}`)])
      spellings.add(spelling);
  }
  const schemes = new Set(['https', scheme.toLowerCase(), 'http']);
  return [...schemes].flatMap(each => [...spellings].map(authority => `${each}://${authority}`));
}

const MAX_AUTHORITIES = 4;

function forwardedHosts(headers: Suspect['request']['headers']): string[] {
  return headerValues(headers, 'forwarded').flatMap(value =>
    [...value.matchAll(/host="?([A-Za-z0-9._:[\]-]{1,260})"?/gi)].map(([, host = '']) => host),
  );
}

const trimmed = (text: string) => text.trim();

function prefixesOf({ request: { headers } }: Suspect, { prefix }: Place): readonly string[] {
  const told = headerValues(headers, 'x-forwarded-prefix')
    .map(trimmed)
    .filter(text => TARGET.test(text))
    .slice(0, 1)
    .map(withoutSlashes);
  return [...new Set([prefix, ...told, ''])];
}

/** By hand: a regular expression would look at each run of slashes once more for each of them. */
function withoutSlashes(text: string): string {
  let end = text.length;
  while (text[end - 1] === '/') end -= 1;
  return text.slice(0, end);
}

/** What proxies say that was called before they wrote it anew. */
const ORIGINAL_TARGETS = ['x-original-url', 'x-original-uri', 'x-rewrite-url', 'x-envoy-original-path'];

function targetsOf({ request: { headers, body }, source }: Suspect, { target }: Place): readonly string[] {
  const queryStart = target.indexOf('?');
  const path = queryStart === -1 ? target : target.slice(0, queryStart);
  const query = queryStart === -1 ? '' : target.slice(queryStart + 1);
  const withQuery = (other: string) => (queryStart === -1 ? other : `${other}?${query}`);
  const told = ORIGINAL_TARGETS.flatMap(name => headerValues(headers, name)).filter(text =>
    TARGET.test(text),
  );
  const otherPaths = [source.path, ...source.aliases].filter(other => other !== path).slice(0, MAX_PATHS);
  return [
    withQuery(path.endsWith('/') ? path.replace(/\/+$/, '') : `${path}/`),
    ...told.slice(0, 2),
    ...otherPaths.map(withQuery),
    ...otherQueries(query).map(other => (other === '' ? path : `${path}?${other}`)),
    // A proxy that drops queries takes the hash of the body with it.
    ...(query === '' ? [`${path}?bodySHA256=${hash('sha256', body, 'hex')}`] : []),
  ];
}

const MAX_PATHS = 4;

function otherQueries(query: string): readonly string[] {
  if (query === '') return [];
  return [
    query.split('&').toSorted().join('&'),
    query.split('&').toReversed().join('&'),
    query.replaceAll('+', '%20'),
    query.replaceAll('%20', '+'),
    query.replaceAll('&amp;', '&'),
    '',
  ];
}

function describe(
  { source }: Suspect,
  called: Place,
  { url, place }: { readonly url: string; readonly place: Place },
): Diagnosis {
  const base = place.origin + place.prefix;
  const isOtherBase = base !== called.origin + called.prefix;
  const set = `set publicUrl to ${base}, at the top of ackline.yaml or in source ${source.name}`;
  if (place.target === called.target) {
    const now = source.publicUrl === null ? 'there is none' : `it is ${source.publicUrl}`;
    return {
      code: 'url-differs',
      what: `valid for ${shownUrl(url)}: set publicUrl`,
      fix: `${set} (${now}).`,
    };
  }
  const also = isOtherBase ? ` And ${set}.` : '';
  if (pathOf(place.target) === pathOf(called.target)) {
    return {
      code: 'query-differs',
      what: `valid for ${shownUrl(url)} with another query: it was dropped or written anew on the way`,
      fix: `have the proxy before Ackline pass the query on as it comes.${also}`,
    };
  }
  return {
    code: 'path-differs',
    what: `valid for ${shownUrl(url)}: the provider calls another path than the one that came here`,
    fix: `give the provider the URL ${base}${pathOf(called.target)}, or have the proxy pass the path on as it comes, and list it as an alias of source ${source.name}.${also}`,
  };
}

const pathOf = (target: string) => target.split('?', 1)[0] ?? '';
