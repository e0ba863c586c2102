import type { ConsoleSchemas } from '@ackline/console-client/client';
import { Link } from '@tanstack/react-router';
import { Time } from '../../components/time.tsx';

export type AuditEntry = ConsoleSchemas['AuditEntry'];

/** One deed: who, what, to what, and what it changed. */
export function AuditRow({ entry }: { readonly entry: AuditEntry }) {
  const { at, actor, action, subject, details } = entry;
  return (
    <li className="audit-entry">
      <Time at={at} />
      <Link to="/audit" search={{ actor }} className="audit-actor" title="All that they did">
        {actor}
      </Link>
      <code className="audit-action">{action}</code>
      <div className="audit-what">
        <SubjectLink action={action} subject={subject} />
        <Details details={details} />
      </div>
    </li>
  );
}

/** It leads to what it was done to, where that has a page. */
function SubjectLink({ action, subject }: Pick<AuditEntry, 'action' | 'subject'>) {
  if (action === 'payload.viewed')
    return (
      <Link to="/events/$id" params={{ id: subject }}>
        {subject}
      </Link>
    );
  return (
    <Link to="/audit" search={{ subject }} title="All that was done to it">
      {subject}
    </Link>
  );
}

/** What it was before and after as a pair, then the rest by its names. */
function Details({ details }: Pick<AuditEntry, 'details'>) {
  const { before, after, ...others } = details;
  const rest = Object.entries(others);
  return (
    <>
      {(before !== undefined || after !== undefined) && (
        <span className="audit-change">
          <del>
            <span className="visually-hidden">before: </span>
            {before ?? 'nothing'}
          </del>
          <span aria-hidden="true">→</span>
          <ins>
            <span className="visually-hidden">after: </span>
            {after ?? 'nothing'}
          </ins>
        </span>
      )}
      {rest.length > 0 && (
        <span className="audit-details">
          {rest.map(([name, value]) => (
            <span key={name}>
              <span className="faint">{name}</span> <code>{String(value)}</code>
            </span>
          ))}
        </span>
      )}
    </>
  );
}
