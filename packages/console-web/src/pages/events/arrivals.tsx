import { useEffect, useRef, useState } from 'react';
import { Button } from '../../components/button.tsx';
import type { EventRowsState } from './event-rows.ts';

interface ArrivalsProps {
  readonly state: EventRowsState;
  readonly onShow: () => void;
}

/** What has come: a button for what is kept back, and words for screen readers. */
export function Arrivals({ state: { held, arrived }, onShow }: ArrivalsProps) {
  const said = useSaid(arrived);
  return (
    <>
      <div role="status" className="visually-hidden">
        {said}
      </div>
      <div className="arrivals">
        {held.length > 0 && (
          <Button kind="primary" onPress={onShow}>
            Show {counted(held.length)}
          </Button>
        )}
      </div>
    </>
  );
}

const counted = (count: number) => `${count} new ${count === 1 ? 'event' : 'events'}`;

/** A screen reader that reads out each event of a busy system says nothing else any more. */
const SAY_EVERY_MS = 5_000;

function useSaid(arrived: number): string {
  const [said, setSaid] = useState('');
  const last = useRef(arrived);
  const now = useRef(arrived);
  useEffect(() => {
    now.current = arrived;
    if (arrived < last.current) last.current = arrived; // another list
  }, [arrived]);
  useEffect(() => {
    const timer = setInterval(() => {
      const count = now.current - last.current;
      last.current = now.current;
      if (count > 0) setSaid(counted(count));
    }, SAY_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return said;
}
