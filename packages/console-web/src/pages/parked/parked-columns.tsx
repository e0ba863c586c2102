import type { Column } from '../../components/data-table.tsx';
import { DeliveryActions } from '../../components/delivery-actions.tsx';
import { KeyText } from '../../components/key-text.tsx';
import { Time } from '../../components/time.tsx';
import { visibleText } from '../../components/visible-text.ts';
import type { ParkedDelivery } from './parked-query.ts';

export const parkedColumns: readonly Column<ParkedDelivery>[] = [
  {
    id: 'time',
    header: 'Parked',
    width: '8.5rem',
    phone: 'lead',
    cell: ({ parkedAt }) => <Time at={parkedAt} />,
  },
  {
    id: 'source',
    header: 'Source',
    width: 'minmax(7rem, 1fr)',
    phone: 'side',
    cell: ({ source }) => <span title={source}>{source}</span>,
  },
  {
    id: 'reason',
    header: 'Reason',
    width: 'minmax(9rem, 1.4fr)',
    phone: 'more',
    cell: ({ reason, tries }) => {
      const text = `${visibleText(reason)}, ${tries} ${tries === 1 ? 'try' : 'tries'}`;
      return <span title={text}>{text}</span>;
    },
  },
  {
    id: 'answer',
    header: 'Last answer',
    width: '7rem',
    cell: ({ lastStatus, lastError }) => lastStatus ?? (lastError === null ? '–' : visibleText(lastError)),
  },
  {
    id: 'key',
    header: 'Ordering key',
    width: 'minmax(7rem, 1fr)',
    cell: ({ orderingKey }) => <KeyText value={orderingKey} />,
  },
  {
    id: 'actions',
    header: 'Actions',
    width: '11rem',
    align: 'end',
    phone: 'end',
    cell: ({ id, destination }) => <DeliveryActions id={id} destination={destination} state="parked" />,
  },
];
