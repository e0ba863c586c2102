import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Page } from '../api/paged.ts';
import { ListEnd } from './list-end.tsx';
import { ProblemBox } from './problem-box.tsx';
import { RowsSkeleton } from './skeleton.tsx';

interface PagedListProps<Item> {
  /** Of a `pagedQuery`. */
  readonly list: UseInfiniteQueryResult<InfiniteData<Page<Item>>>;
  /** Where there is no row. isEnd: the look went to the end of the list. */
  readonly none: (isEnd: boolean) => ReactNode;
  readonly children: (rows: readonly Item[]) => ReactNode;
}

/**
 * The pages of a list as one, whatever they are drawn as: while they are fetched, where they can't be, where there is nothing in them, and
 * the way further. What is there stays where a further call fails.
 */
export function PagedList<Item>({ list, none, children }: PagedListProps<Item>) {
  const { data, error, refetch, hasNextPage, isFetchNextPageError } = list;
  const rows = data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <>
      {error !== null && !isFetchNextPageError && <ProblemBox error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <RowsSkeleton />}
      {data !== undefined && (rows.length === 0 ? none(!hasNextPage) : children(rows))}
      {(rows.length > 0 || hasNextPage) && <Older list={list} />}
    </>
  );
}

function Older<Item>({ list }: Pick<PagedListProps<Item>, 'list'>) {
  const { data, error, hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = list;
  const onOlder = () => void fetchNextPage();
  return (
    <>
      {isFetchNextPageError && <ProblemBox error={error} onRetry={onOlder} />}
      <ListEnd
        hasMore={hasNextPage}
        isLoading={isFetchingNextPage}
        scannedTo={data?.pages.at(-1)?.scannedTo ?? null}
        onOlder={onOlder}
      />
    </>
  );
}
