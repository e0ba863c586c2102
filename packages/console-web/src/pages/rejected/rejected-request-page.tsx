import './rejected-request.css';
import type { ConsoleSchemas } from '@ackline/console-client/client';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { answerOf, client } from '../../api/client.ts';
import { ApiCall } from '../../components/api-call.tsx';
import { bytesText } from '../../components/bytes.ts';
import { CommandLine } from '../../components/command-line.tsx';
import { durationText } from '../../components/duration.ts';
import { KeyValueList } from '../../components/key-value-list.tsx';
import { PageHead } from '../../components/page-head.tsx';
import { ProblemBox } from '../../components/problem-box.tsx';
import { RowsSkeleton } from '../../components/skeleton.tsx';
import { Time } from '../../components/time.tsx';
import { DiagnosisBadge } from './diagnosis-badge.tsx';

type Rejected = ConsoleSchemas['Rejected'];

const route = getRouteApi('/rejected/$id');

export function RejectedRequestPage() {
  const { id } = route.useParams();
  const { data, error, refetch } = useQuery({
    queryKey: ['rejected-request', id],
    queryFn: ({ signal }) =>
      answerOf(client.GET('/api/v1/rejected/{id}', { params: { path: { id } }, signal })),
  });
  return (
    <>
      <PageHead title="Refused request" />
      {error !== null && <ProblemBox error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <RowsSkeleton />}
      {data !== undefined && (
        <>
          <section className="doctor" aria-label="What would have been right">
            <DiagnosisBadge diagnosis={data.diagnosis} />
            <p>{data.what}</p>
            {data.fix !== '' && (
              <p>
                <strong>What to do:</strong> {data.fix}
              </p>
            )}
          </section>
          <Facts request={data} />
          <h2>Headers</h2>
          <p className="hint">
            Those that are known, with the lengths of their values; the values are not kept.
          </p>
          <Lengths request={data} />
          <h2>In a terminal</h2>
          <CommandLine command={`npx ackline doctor signature ${data.requestId}`} />
        </>
      )}
      <ApiCall path={`/api/v1/rejected/${encodeURIComponent(id)}`} />
    </>
  );
}

function Facts({ request }: { readonly request: Rejected }) {
  const { requestId, rejectedAt, source, provider, code, reason, method, url, bodyBytes, bodySha256 } =
    request;
  return (
    <KeyValueList
      facts={[
        ['Request', <code key="id">{requestId}</code>],
        ['Refused', <Time key="time" at={rejectedAt} />],
        [
          'Source',
          <Link key="source" to="/rejected" search={{ source }}>
            {source}
          </Link>,
        ],
        ['Provider', provider],
        ['Answered', <code key="code">{code}</code>],
        ['Reason', <code key="reason">{reason}</code>],
        [
          'Called',
          <code key="url">
            {method} {url}
          </code>,
        ],
        ['Body', bytesText(bodyBytes)],
        ['SHA-256', <code key="hash">{bodySha256}</code>],
        ['Secrets', secretsText(request)],
        ['Tried', triedText(request)],
        ['Signed', signedText(request)],
      ]}
    />
  );
}

function secretsText({ secrets, secretIndex }: Rejected): string {
  const live = `${secrets} live`;
  return secretIndex === null ? live : `${live}; secrets[${secretIndex}] proves it so`;
}

function triedText({ tried }: Rejected): string | null {
  const kinds = Object.entries(tried).filter(([, count]) => count > 0);
  return kinds.length === 0 ? null : kinds.map(([kind, count]) => `${kind} ${count}`).join(', ');
}

function signedText({ skewMs }: Rejected): string | null {
  if (skewMs === null) return null;
  return `${durationText(Math.abs(skewMs))} ${skewMs < 0 ? 'after' : 'before'} it came`;
}

function Lengths({ request: { headers, otherHeaders } }: { readonly request: Rejected }) {
  return (
    <p className="header-lengths">
      {headers.map(({ name, length }, place) => (
        <span key={`${place}-${name}`}>
          <code>{name}</code> {length}
        </span>
      ))}
      {otherHeaders > 0 && <span className="faint">{otherHeaders} others</span>}
    </p>
  );
}
