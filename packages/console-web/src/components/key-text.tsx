import { useQuery } from '@tanstack/react-query';
import { callerQuery } from '../api/session.ts';
import { visibleText } from './visible-text.ts';

/** A dedup or ordering key; who may not see payloads has a hash of it, by which equal ones are known. */
export function KeyText({ value }: { readonly value: string | null }) {
  const { data: caller } = useQuery(callerQuery);
  if (value === null) return <span className="faint">none</span>;
  if (caller?.scopes.includes('payload') !== false) return <code title={value}>{visibleText(value)}</code>;
  return (
    <code title="A hash: to see the key itself takes the scope payload">
      {value} <small>hashed</small>
    </code>
  );
}
