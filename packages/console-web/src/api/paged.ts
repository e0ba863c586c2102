import { infiniteQueryOptions } from '@tanstack/react-query';

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
  readonly scannedTo: string | null;
}

interface Paged<Item> {
  /** With the filters in it. */
  readonly queryKey: readonly unknown[];
  readonly fetchPage: (cursor: { readonly cursor?: string }, signal: AbortSignal) => Promise<Page<Item>>;
}

/** A list of the API that is read page by page, as far as somebody asks for it. */
export function pagedQuery<Item>({ queryKey, fetchPage }: Paged<Item>) {
  return infiniteQueryOptions({
    queryKey,
    queryFn: ({ signal, pageParam }) => fetchPage(pageParam === null ? {} : { cursor: pageParam }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }: Page<Item>) => next,
  });
}
