import { useEffect, useRef, useState } from 'react';
import { Button } from '../../components/button.tsx';
import { ProblemBox } from '../../components/problem-box.tsx';
import { RowsSkeleton } from '../../components/skeleton.tsx';
import { useScope } from '../../components/use-scope.ts';
import { PayloadContents } from './payload-contents.tsx';
import { usePayload } from './use-payload.ts';

/** What came. It is fetched when it is asked for, since each look is noted, and forgotten when the page is left. */
export function Payload({ id }: { readonly id: string }) {
  const [isShown, setShown] = useState(false);
  const mayLook = useScope('payload');
  const shown = useRef<HTMLDivElement>(null);
  const { data, error, refetch } = usePayload(id, isShown);
  // The button is gone: a keyboard goes on at what came in its place.
  useEffect(() => {
    if (isShown) shown.current?.focus({ preventScroll: true });
  }, [isShown]);
  return (
    <>
      <h2>Payload</h2>
      {!mayLook && (
        <p className="faint">
          Headers and body are for who has the scope <code>payload</code>.
        </p>
      )}
      {mayLook && !isShown && (
        <div className="payload-hidden">
          <Button onPress={() => setShown(true)}>Show payload</Button>
          <span className="faint">
            Headers and body, as they came. That you looked is noted in the audit.
          </span>
        </div>
      )}
      {isShown && (
        <div ref={shown} tabIndex={-1} className="payload">
          {error !== null && <ProblemBox error={error} onRetry={() => void refetch()} />}
          {data === undefined && error === null && <RowsSkeleton rows={4} />}
          {data !== undefined && <PayloadContents payload={data} />}
        </div>
      )}
    </>
  );
}
