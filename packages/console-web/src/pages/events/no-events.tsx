import { EmptyState } from '../../components/empty-state.tsx';
import type { EventSearch } from './event-search.ts';

/** isEnd: the look went to the end of what is kept. */
export function NoEvents({ search, isEnd }: { readonly search: EventSearch; readonly isEnd: boolean }) {
  if (Object.keys(search).length > 0) {
    return (
      <EmptyState title={isEnd ? 'No event is like this' : 'None so far'}>
        {isEnd
          ? 'None of those that are kept passes these filters. What comes from now on is shown here.'
          : 'None of those that were looked at passes these filters; there are more behind them.'}
      </EmptyState>
    );
  }
  return (
    <EmptyState title="No event has come yet" command={`npx ackline send ${search.source ?? '<source>'}`}>
      It is shown here as soon as it is stored. A sample of a source, signed as its provider would:
    </EmptyState>
  );
}
