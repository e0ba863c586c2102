/** Which deliveries are looked at, as the API takes it; none: the causes of all. */
const FILTERS = ['cause', 'destination', 'source'] as const;

export type ParkedFilter = { readonly [Name in (typeof FILTERS)[number]]?: string };

export interface ParkedSearch extends ParkedFilter {
  /** The replay of them that is at work. */
  readonly replay?: string;
}

/** Of whatever stands in the URL. */
export function readParkedSearch(search: Readonly<Record<string, unknown>>): ParkedSearch {
  return pick(search, [...FILTERS, 'replay']);
}

export function filterOf(search: ParkedSearch): ParkedFilter {
  return pick(search as Readonly<Record<string, unknown>>, FILTERS);
}

function pick(search: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap(name => {
      const value = search[name];
      return typeof value === 'string' && value !== '' ? [[name, value] as const] : [];
    }),
  );
}
