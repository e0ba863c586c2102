import { readSearch } from '../../app/search-names.ts';

/** Which deliveries are looked at, as the API takes it; none: the causes of all. */
const FILTERS = ['cause', 'destination', 'source'] as const;

export type ParkedFilter = { readonly [Name in (typeof FILTERS)[number]]?: string };

export interface ParkedSearch extends ParkedFilter {
  /** The replay of them that is at work. */
  readonly replay?: string;
}

/** Of whatever stands in the URL. */
export function readParkedSearch(search: Readonly<Record<string, unknown>>): ParkedSearch {
  return readSearch(search, [...FILTERS, 'replay']);
}

export function filterOf(search: ParkedSearch): ParkedFilter {
  return readSearch({ ...search }, FILTERS);
}
