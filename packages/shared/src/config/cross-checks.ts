import type { Provider } from '../provider.ts';
import { providerOf } from '../providers/registry.ts';
import { DEFAULT_TENANT } from './fields.ts';
import { destinationFindings } from './destination-checks.ts';
import type { Finding } from './finding.ts';
import { suggest } from './suggest.ts';
import { parseDuration } from './units.ts';
import type { ConfigPath } from './yaml-source.ts';

// The rules between different places of the file. They read the file as it is, before the schema has accepted it, so that
// one run lists all errors of both kinds; what has the wrong form is left to the schema.

type Entry = Readonly<Record<string, unknown>>;

export interface CrossCheckOptions {
  readonly providers: ReadonlyMap<
    string,
    Pick<Provider, 'signsUrl' | 'toleranceMs' | 'handshake' | 'configurable'>
  >;
  /** Some things are left open in development only. */
  readonly production: boolean;
}

export function crossCheck(file: unknown, { providers, production }: CrossCheckOptions): Finding[] {
  const sources = entriesOf(file, 'sources');
  const tenants = entriesOf(file, 'tenants');
  const routes = entriesOf(file, 'routes');
  const destinations = entriesOf(file, 'destinations');
  return [
    ...repeatedNames('sources', sources),
    ...repeatedNames('tenants', tenants),
    ...repeatedNames('routes', routes),
    ...repeatedNames('destinations', destinations),
    ...repeatedPaths(sources),
    ...sources.flatMap((source, index) =>
      reference(['sources', index, 'provider'], source?.['provider'], {
        what: 'provider',
        names: [...providers.keys()],
      }),
    ),
    ...(production
      ? sources.flatMap((source, index) => urlFindings(file, source, { index, providers }))
      : []),
    ...sources.flatMap(bodyTimeFindings),
    ...sources.flatMap((source, index) => toleranceFindings(source, index, providers)),
    ...sources.flatMap((source, index) => verifyTokenFindings(source, index, providers)),
    ...tenants.flatMap((tenant, index) =>
      reference(['tenants', index, 'name'], tenant?.['name'], { what: 'tenant', names: tenantsOf(sources) }),
    ),
    ...routes.flatMap((route, index) => routeFindings(route, index, { sources, destinations })),
    ...routes.flatMap((route, index) => transformFindings(route, index, destinations)),
    ...destinations.flatMap(parkFindings),
    ...destinations.flatMap(destinationFindings),
  ];
}

/** The entries of a list; undefined stands where an entry is no map, so that the others keep their index. */
function entriesOf(file: unknown, key: string): (Entry | undefined)[] {
  const list = asEntry(file)?.[key];
  return Array.isArray(list) ? list.map(asEntry) : [];
}

function asEntry(value: unknown): Entry | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Entry) : undefined;
}

function stringsOf(entries: readonly (Entry | undefined)[], key: string): string[] {
  return entries.map(entry => entry?.[key]).filter(value => typeof value === 'string');
}

function repeatedNames(list: string, entries: readonly (Entry | undefined)[]): Finding[] {
  const first = new Map<string, number>();
  return entries.flatMap((entry, index) => {
    const name = entry?.['name'];
    if (typeof name !== 'string') return [];
    const earlier = first.get(name);
    if (earlier === undefined) {
      first.set(name, index);
      return [];
    }
    return [
      { path: [list, index, 'name'], message: `is the name of ${list}[${earlier}] too: names are unique` },
    ];
  });
}

function repeatedPaths(sources: readonly (Entry | undefined)[]): Finding[] {
  const first = new Map<string, string>();
  const findings: Finding[] = [];
  for (const [index, source] of sources.entries()) {
    const aliases: unknown = source?.['aliases'];
    const places: [ConfigPath, unknown][] = [[['sources', index, 'path'], source?.['path']]];
    if (Array.isArray(aliases)) {
      for (const [at, alias] of aliases.entries()) places.push([['sources', index, 'aliases', at], alias]);
    }
    for (const [path, value] of places) {
      if (typeof value !== 'string') continue;
      const earlier = first.get(value);
      if (earlier === undefined) first.set(value, showPath(path));
      else findings.push({ path, message: `is the path of ${earlier} too: each path belongs to one source` });
    }
  }
  return findings;
}

function routeFindings(
  route: Entry | undefined,
  index: number,
  { sources, destinations }: Record<'sources' | 'destinations', readonly (Entry | undefined)[]>,
): Finding[] {
  const match = asEntry(route?.['match']);
  const sourceNames = stringsOf(sources, 'name');
  const findings = [
    ...reference(['routes', index, 'destination'], route?.['destination'], {
      what: 'destination',
      names: stringsOf(destinations, 'name'),
    }),
    ...reference(['routes', index, 'match', 'source'], match?.['source'], {
      what: 'source',
      names: sourceNames,
    }),
    ...reference(['routes', index, 'match', 'tenant'], match?.['tenant'], {
      what: 'tenant',
      names: tenantsOf(sources),
    }),
  ];
  const source = sources.find(candidate => candidate?.['name'] === match?.['source']);
  const tenant = tenantOf(source);
  if (
    findings.length === 0 &&
    typeof match?.['tenant'] === 'string' &&
    tenant !== null &&
    match['tenant'] !== tenant
  ) {
    const message = `takes nothing: source "${String(match['source'])}" has the tenant "${tenant}"`;
    findings.push({ path: ['routes', index, 'match', 'tenant'], message });
  }
  return findings;
}

function tenantsOf(sources: readonly (Entry | undefined)[]): string[] {
  return sources.flatMap(source => tenantOf(source) ?? []);
}

/** An attempt has one time for both, so that its lease does not depend on its route: the request needs its half. */
function transformFindings(
  route: Entry | undefined,
  index: number,
  destinations: readonly (Entry | undefined)[],
): Finding[] {
  const transform = asEntry(route?.['transform']);
  const destination = destinations.find(candidate => candidate?.['name'] === route?.['destination']);
  if (transform === undefined || destination === undefined) return [];
  const [own, whole] = [transform['timeout'] ?? '250ms', destination['timeout'] ?? '10s'].map(time =>
    typeof time === 'string' ? parseDuration(time) : null,
  );
  if (typeof own !== 'number' || typeof whole !== 'number' || own * 2 <= whole) return [];
  const at = transform['timeout'] === undefined ? [] : ['timeout'];
  const message = `takes over half of the time-out of its destination "${String(destination['name'])}": lower this one or raise that one`;
  return [{ path: ['routes', index, 'transform', ...at], message }];
}

function tenantOf(source: Entry | undefined): string | null {
  if (source === undefined) return null;
  const tenant = source['tenant'] ?? DEFAULT_TENANT;
  return typeof tenant === 'string' ? tenant : null;
}

/**
 * Behind a proxy the signatures of a provider that signs the URL could never be right without the declared one, and taking
 * the URL from a header would let the caller choose what was signed.
 */
function urlFindings(
  file: unknown,
  source: Entry | undefined,
  { index, providers }: { index: number; providers: CrossCheckOptions['providers'] },
): Finding[] {
  const provider = source?.['provider'];
  if (typeof provider !== 'string') return [];
  if (providerOf({ provider, options: source?.['options'] }, providers)?.signsUrl !== true) return [];
  if (source?.['publicUrl'] !== undefined || asEntry(file)?.['publicUrl'] !== undefined) return [];
  const message = `${provider} signs the URL that it calls, so production needs publicUrl: set it, at the top of the file or in this source, to the base URL that the provider is given`;
  return [{ path: ['sources', index, 'provider'], message }];
}

function toleranceFindings(
  source: Entry | undefined,
  index: number,
  providers: CrossCheckOptions['providers'],
): Finding[] {
  const provider = source?.['provider'];
  if (source?.['tolerance'] === undefined || typeof provider !== 'string') return [];
  const known = providerOf({ provider, options: source['options'] }, providers);
  if (known?.toleranceMs !== null) return [];
  const hint = known.configurable === undefined ? '' : ', or name its header in the options';
  const message = `${provider} signs no time that could be out of it: take the tolerance out${hint}`;
  return [{ path: ['sources', index, 'tolerance'], message }];
}

function verifyTokenFindings(
  source: Entry | undefined,
  index: number,
  providers: CrossCheckOptions['providers'],
): Finding[] {
  const provider = source?.['provider'];
  if (source?.['verifyTokens'] === undefined || typeof provider !== 'string') return [];
  const known = providers.get(provider);
  if (known === undefined || known.handshake !== undefined) return [];
  const message = `${provider} shows no verify token, since it sends no GET before its events: take verifyTokens out`;
  return [{ path: ['sources', index, 'verifyTokens'], message }];
}

function bodyTimeFindings(source: Entry | undefined, index: number): Finding[] {
  const times = asEntry(source?.['bodyTimeout']);
  const [idle, total] = [times?.['idle'] ?? '1s', times?.['total'] ?? '5s'].map(time =>
    typeof time === 'string' ? parseDuration(time) : null,
  );
  if (typeof idle !== 'number' || typeof total !== 'number' || idle <= total) return [];
  const at = times?.['idle'] === undefined ? 'total' : 'idle';
  const message = 'idle is longer than total, so it would never end a body: lower idle or raise total';
  return [{ path: ['sources', index, 'bodyTimeout', at], message }];
}

function parkFindings(destination: Entry | undefined, index: number): Finding[] {
  if (destination?.['onPark'] !== 'block' || destination['ordering'] === 'key') return [];
  const message = 'block holds the later deliveries of a key, so it needs "ordering: key"';
  return [{ path: ['destinations', index, 'onPark'], message }];
}

/** What is no text, or can be no name, is the schema's to report. */
function reference(
  path: ConfigPath,
  value: unknown,
  { what, names }: { what: string; names: readonly string[] },
): Finding[] {
  if (typeof value !== 'string' || names.includes(value)) return [];
  const close = suggest(value, names);
  const hint = close === null ? `known: ${shortList([...new Set(names)])}` : `did you mean "${close}"?`;
  return [{ path, message: `there is no ${what} of this name; ${hint}` }];
}

/** Enough to see the pattern of the names; a file with a thousand sources must not fill the screen. */
const MAX_LISTED_NAMES = 10;

export function shortList(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  const rest = names.length - MAX_LISTED_NAMES;
  return names.slice(0, MAX_LISTED_NAMES).join(', ') + (rest > 0 ? `, … and ${rest} more` : '');
}

/** `sources[1].path`; empty for the whole file. */
export function showPath(path: ConfigPath): string {
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : (index > 0 ? '.' : '') + step))
    .join('');
}
