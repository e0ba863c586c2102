import { Link } from '@tanstack/react-router';
import { bytesText } from '../../components/bytes.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { KeyText } from '../../components/key-text.tsx';
import { KeyValueList } from '../../components/key-value-list.tsx';
import { Time } from '../../components/time.tsx';
import { visibleText } from '../../components/visible-text.ts';
import type { EventDetails } from './event-query.ts';

const TIERS = { kafka: 'Kafka', inbox: 'the inbox (PostgreSQL)' } as const;

export function EventFacts({ event }: { readonly event: EventDetails }) {
  const { id, source, type, traceId, traceUrl, occurredAt } = event;
  return (
    <KeyValueList
      facts={[
        ['Id', <Copied key="id" text={id} what="the id" />],
        [
          'Source',
          <Link key="source" to="/events" search={{ source }}>
            {source}
          </Link>,
        ],
        ['Type', <code key="type">{visibleText(type)}</code>],
        ['Provider', event.provider],
        ['Tenant', event.tenant],
        ['Received', <Time key="received" at={event.receivedAt} />],
        ['Occurred', occurredAt === null ? null : <Time key="occurred" at={occurredAt} />],
        ['Durable in', TIERS[event.tier]],
        ['Ordering key', <KeyText key="ordering" value={event.orderingKey} />],
        ['Dedup key', <KeyText key="dedup" value={event.dedupKey} />],
        ['Priority', event.priority === 'normal' ? null : event.priority],
        ['Body', bytesText(event.bodyBytes)],
        ['Trace', traceId === null ? null : <Trace key="trace" id={traceId} url={traceUrl} />],
      ]}
    />
  );
}

function Trace({ id, url }: { readonly id: string; readonly url: string | null }) {
  return (
    <>
      <Copied text={id} what="the trace id" />
      {url !== null && (
        <a href={url} target="_blank" rel="noreferrer">
          See the trace
        </a>
      )}
    </>
  );
}

function Copied({ text, what }: { readonly text: string; readonly what: string }) {
  return (
    <span className="copied">
      <code>{text}</code>
      <CopyButton text={text} what={what} />
    </span>
  );
}
