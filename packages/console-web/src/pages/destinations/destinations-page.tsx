import './destinations-page.css';
import type { ConsoleSchemas } from '@ackline/console-client/client';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { destinationsQuery } from '../../api/configured.ts';
import { causesQuery } from '../../api/parked.ts';
import { callerQuery } from '../../api/session.ts';
import { ApiCall } from '../../components/api-call.tsx';
import { CardList } from '../../components/card-list.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { NotOfTenant } from '../../components/not-of-tenant.tsx';
import { PageHead } from '../../components/page-head.tsx';
import { ProblemBox } from '../../components/problem-box.tsx';
import { RowsSkeleton } from '../../components/skeleton.tsx';
import { useScope } from '../../components/use-scope.ts';
import { DestinationCard } from './destination-card.tsx';
import { DestinationDialog } from './destination-dialog.tsx';
import type { DestinationAction } from './destination.ts';

/** Breakers open and close by themselves. */
const REFRESH_MS = 5_000;

export function DestinationsPage() {
  const { data: caller } = useQuery(callerQuery);
  const tenant = caller?.tenant ?? null;
  return (
    <>
      <PageHead title="Destinations" />
      {tenant === null ? <Destinations /> : <NotOfTenant what="Destinations" tenant={tenant} />}
    </>
  );
}

function Destinations() {
  const mayOperate = useScope('operate');
  const { data, error, refetch } = useQuery({ ...destinationsQuery, refetchInterval: REFRESH_MS });
  const { data: causes } = useQuery(causesQuery);
  const [asked, setAsked] = useState<{
    readonly name: string;
    readonly action: DestinationAction;
  } | null>(null);
  const askedOf = data?.items.find(({ name }) => name === asked?.name);
  return (
    <>
      {error !== null && <ProblemBox error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <RowsSkeleton />}
      {data?.items.length === 0 && (
        <EmptyState title="No destination is configured" command="npx ackline check">
          Events are kept all the same. Add one under <code>destinations</code> of ackline.yaml, and a route
          to it; it is taken over as soon as the file is saved. What is wrong with the file, with its line:
        </EmptyState>
      )}
      {data !== undefined && data.items.length > 0 && (
        <>
          {!mayOperate && <p className="hint">To pause one takes the scope operate.</p>}
          <CardList label="Destinations">
            {data.items.map(destination => (
              <DestinationCard
                key={destination.name}
                destination={destination}
                parked={causes && parkedOf(causes.items, destination.name)}
                mayOperate={mayOperate}
                onAct={action => setAsked({ name: destination.name, action })}
              />
            ))}
          </CardList>
        </>
      )}
      {asked !== null && askedOf !== undefined && (
        <DestinationDialog destination={askedOf} action={asked.action} onClose={() => setAsked(null)} />
      )}
      <ApiCall path="/api/v1/destinations" />
    </>
  );
}

function parkedOf(causes: readonly ConsoleSchemas['ParkedCause'][], name: string) {
  const own = causes.filter(({ destination }) => destination === name);
  return {
    count: own.reduce((sum, { count }) => sum + count, 0),
    hasMore: own.some(({ hasMore }) => hasMore),
  };
}
