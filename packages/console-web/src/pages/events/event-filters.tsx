import { useQuery } from '@tanstack/react-query';
import { destinationsQuery, sourcesQuery } from '../../api/configured.ts';
import { callerQuery } from '../../api/session.ts';
import { Button } from '../../components/button.tsx';
import { FilterBar, type FilterValues } from '../../components/filter-bar.tsx';
import type { FilterField } from '../../components/filter-field.ts';
import { useScope } from '../../components/use-scope.ts';
import type { EventSearch } from './event-search.ts';
import { WhereBuilder } from './where-builder.tsx';

interface EventFiltersProps {
  readonly search: EventSearch;
  readonly onChange: (changes: FilterValues) => void;
  readonly onClear: () => void;
}

/** Refused to who may not see what they ask for. */
const FOR_PAYLOAD: ReadonlySet<string> = new Set(['orderingKey', 'dedupKey', 'where']);
const STATES = ['waiting', 'due', 'leased', 'delivered', 'parked', 'discarded'];

export function EventFilters({ search, onChange, onClear }: EventFiltersProps) {
  const { data: caller } = useQuery(callerQuery);
  const sources = useQuery(sourcesQuery);
  const destinations = useQuery({ ...destinationsQuery, enabled: caller?.tenant === null });
  const all = fieldsOf(namesOf(sources.data), namesOf(destinations.data));
  const mayLook = useScope('payload');
  // Those too that an address has: else nobody could leave them.
  const isOffered = (name: string) =>
    name in search || (!name.startsWith('received') && (mayLook || !FOR_PAYLOAD.has(name)));
  const fields = all.filter(({ name }) => isOffered(name));
  return (
    <FilterBar
      fields={fields}
      values={search}
      onChange={onChange}
      onClear={onClear}
      extraCount={search.where === undefined ? 0 : 1}
    >
      <QuickTimes onChange={onChange} />
      {isOffered('where') && <WhereBuilder where={search.where} onChange={where => onChange({ where })} />}
    </FilterBar>
  );
}

/** Who may not see them types a name. */
const namesOf = (list: { readonly items: readonly { readonly name: string }[] } | undefined) =>
  list?.items.map(({ name }) => name) ?? [];

function fieldsOf(sources: readonly string[], destinations: readonly string[]): readonly FilterField[] {
  return [
    { name: 'source', label: 'Source', kind: 'text', options: sources },
    { name: 'type', label: 'Type', kind: 'text' },
    { name: 'state', label: 'State', kind: 'choice', options: STATES },
    { name: 'destination', label: 'Destination', kind: 'text', options: destinations },
    { name: 'orderingKey', label: 'Ordering key', kind: 'text' },
    { name: 'dedupKey', label: 'Dedup key', kind: 'text', isRare: true },
    { name: 'id', label: 'Event id', kind: 'text', isRare: true },
    { name: 'tenant', label: 'Tenant', kind: 'text', isRare: true },
    { name: 'storedSince', label: 'Stored from', kind: 'time', isRare: true },
    { name: 'storedUntil', label: 'Stored until', kind: 'time', isRare: true },
    // The time of storing finds the same sooner: these are there where an address has them.
    { name: 'receivedSince', label: 'Received from', kind: 'time', isRare: true },
    { name: 'receivedUntil', label: 'Received until', kind: 'time', isRare: true },
  ];
}

const MINUTE_MS = 60_000;
const SPANS: readonly (readonly [string, number])[] = [
  ['15 minutes', 15 * MINUTE_MS],
  ['hour', 60 * MINUTE_MS],
  ['24 hours', 24 * 60 * MINUTE_MS],
];

/** The time is reckoned once, so that a link means the same for who gets it. */
function QuickTimes({ onChange }: Pick<EventFiltersProps, 'onChange'>) {
  return (
    <div className="quick-times">
      <span className="hint">Stored in the last</span>
      {SPANS.map(([text, ms]) => (
        <Button
          key={text}
          onPress={() =>
            onChange({ storedSince: new Date(Date.now() - ms).toISOString(), storedUntil: undefined })
          }
        >
          {text}
        </Button>
      ))}
    </div>
  );
}
