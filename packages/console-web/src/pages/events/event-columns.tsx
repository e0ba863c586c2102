import { bytesText } from '../../components/bytes.ts';
import type { Column } from '../../components/data-table.tsx';
import { KeyText } from '../../components/key-text.tsx';
import { DeliveryBadge, StateBadge } from '../../components/state-badge.tsx';
import { Time } from '../../components/time.tsx';
import { visibleText } from '../../components/visible-text.ts';
import type { EventRow } from './merge-rows.ts';

export const eventColumns: readonly Column<EventRow>[] = [
  {
    id: 'time',
    header: 'Received',
    width: '8.5rem',
    phone: 'side',
    cell: ({ receivedAt }) => <Time at={receivedAt} />,
  },
  {
    id: 'source',
    header: 'Source',
    width: 'minmax(7rem, 1fr)',
    phone: 'end',
    cell: ({ source }) => <span title={source}>{source}</span>,
  },
  {
    id: 'type',
    header: 'Type',
    width: 'minmax(9rem, 1.4fr)',
    phone: 'lead',
    cell: ({ type }) => <code title={type}>{visibleText(type)}</code>,
  },
  {
    id: 'deliveries',
    header: 'Deliveries',
    width: 'minmax(11rem, 1.4fr)',
    phone: 'more',
    cell: row => <Deliveries row={row} />,
  },
  {
    id: 'orderingKey',
    header: 'Ordering key',
    width: 'minmax(7rem, 1fr)',
    cell: ({ orderingKey }) => <KeyText value={orderingKey} />,
  },
  {
    id: 'dedupKey',
    header: 'Dedup key',
    width: 'minmax(7rem, 1fr)',
    cell: ({ dedupKey }) => <KeyText value={dedupKey} />,
  },
  { id: 'size', header: 'Body', width: '5rem', align: 'end', cell: ({ bodyBytes }) => bytesText(bodyBytes) },
];

const ROUTING = {
  unmatched: { tone: 'idle', text: 'no route takes it' },
  unrouted: { tone: 'wait', text: 'not routed yet' },
  routed: { tone: 'idle', text: 'nothing kept' },
} as const;

/** One delivery with its destination; several by their states. */
function Deliveries({ row: { deliveries, routing } }: { readonly row: EventRow }) {
  const [first] = deliveries;
  if (first === undefined) return <StateBadge {...ROUTING[routing]} />;
  if (deliveries.length === 1) {
    return (
      <span className="delivery">
        <DeliveryBadge state={first.state} />
        <span title={first.destination}>{first.destination}</span>
      </span>
    );
  }
  const states = Map.groupBy(deliveries, ({ state }) => state);
  return [...states].map(([state, of]) => (
    <span key={state} className="delivery-count">
      {of.length} <DeliveryBadge state={state} />
    </span>
  ));
}
