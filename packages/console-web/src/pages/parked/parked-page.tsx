import './parked-page.css';
import { getRouteApi } from '@tanstack/react-router';
import { Causes } from './causes.tsx';
import { ParkedGroup } from './parked-group.tsx';
import { filterOf } from './parked-search.ts';

const route = getRouteApi('/parked');

/** By cause first: one repair mends all of a cause. */
export function ParkedPage() {
  const search = route.useSearch();
  const filter = filterOf(search);
  return Object.keys(filter).length === 0 ? (
    <Causes />
  ) : (
    <ParkedGroup key={JSON.stringify(filter)} filter={filter} replayId={search.replay} />
  );
}
