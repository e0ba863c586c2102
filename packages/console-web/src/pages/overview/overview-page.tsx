import './overview-page.css';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { callerQuery } from '../../api/session.ts';
import { ApiCall } from '../../components/api-call.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { PageHead } from '../../components/page-head.tsx';
import { ProblemBox } from '../../components/problem-box.tsx';
import { RowsSkeleton } from '../../components/skeleton.tsx';
import { Time } from '../../components/time.tsx';
import { Chart } from './chart.tsx';
import { isStill, knownOf } from './chart-series.ts';
import { DestinationTotals } from './destination-totals.tsx';
import { NowTiles } from './now-tiles.tsx';
import { type Overview, overviewQuery } from './overview-query.ts';
import { type Range, rangeOf, RANGES } from './ranges.ts';

const route = getRouteApi('/overview');

export function OverviewPage() {
  const range = rangeOf(route.useSearch().range);
  const { data, error, refetch } = useQuery(overviewQuery(range));
  const { data: caller } = useQuery(callerQuery);
  return (
    <>
      <PageHead title="Overview">
        <RangeLinks />
      </PageHead>
      {error !== null && <ProblemBox error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <RowsSkeleton />}
      {data !== undefined && (
        <>
          <NowTiles now={data.now} isOfAll={caller?.tenant === null} />
          {isStill(data) ? <Still range={range} /> : <Charts overview={data} />}
        </>
      )}
      <ApiCall
        path={range === RANGES[0] || data === undefined ? '/api/v1/overview' : sincePath(data.since)}
      />
    </>
  );
}

const sincePath = (since: string) => `/api/v1/overview?${new URLSearchParams({ since }).toString()}`;

function RangeLinks() {
  return (
    <nav className="ranges" aria-label="Time shown">
      {RANGES.map(each => (
        <Link
          key={each.name}
          to="/overview"
          search={each === RANGES[0] ? {} : { range: each.name }}
          activeOptions={EXACT}
        >
          {each.text}
        </Link>
      ))}
    </nav>
  );
}

/** They differ by what is behind the `?` alone. */
const EXACT = { exact: true } as const;

function Charts({ overview }: { readonly overview: Overview }) {
  const { completeUntil, destinations, stepS } = overview;
  const known = useMemo(() => knownOf(overview), [overview]);
  return (
    <>
      <div className="charts">
        {known.charts
          .filter(({ series }) => series.length > 0)
          .map(chart => (
            <Chart
              key={`${chart.title} ${chart.series.map(({ label }) => label).join(' ')}`}
              {...chart}
              at={known.at}
              seconds={known.seconds}
            />
          ))}
      </div>
      <DestinationTotals destinations={destinations} />
      <p className="hint">
        Totals are kept per minute, and all is told up to <Time at={completeUntil} />. A point is{' '}
        {stepText(stepS)}.
      </p>
    </>
  );
}

function stepText(stepS: number): string {
  if (stepS < 3_600) return stepS === 60 ? 'a minute' : `${stepS / 60} minutes`;
  return stepS === 3_600 ? 'an hour' : `${stepS / 3_600} hours`;
}

function Still({ range }: { readonly range: Range }) {
  return (
    <EmptyState title={`Nothing has come in the last ${range.text}`} command="npx ackline send <source>">
      Send a sample of a source, signed as its provider would. It is in the <Link to="/events">events</Link>{' '}
      at once, and here within a minute:
    </EmptyState>
  );
}
