import { StateBadge } from '../../components/state-badge.tsx';

/** Where nothing that was tried would have been right: it may be a stranger. */
const UNKNOWN: ReadonlySet<string> = new Set(['unexplained', 'not-tried']);

/** A diagnosis by its code; where its cause is known, somebody can mend it. */
export function DiagnosisBadge({ diagnosis }: { readonly diagnosis: string }) {
  return <StateBadge tone={UNKNOWN.has(diagnosis) ? 'idle' : 'wait'} text={diagnosis} />;
}
