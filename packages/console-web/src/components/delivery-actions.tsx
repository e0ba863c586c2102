import './delivery-actions.css';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { answerOf, client } from '../api/client.ts';
import { Button } from './button.tsx';
import { ConfirmDialog } from './confirm-dialog.tsx';
import { useToast } from './toast.tsx';
import { useScope } from './use-scope.ts';

export interface DeliveryActionsProps {
  readonly id: string;
  readonly destination: string;
  readonly state: string;
}

/** What is over, in one way or another. */
export const REPLAYED: ReadonlySet<string> = new Set(['parked', 'delivered', 'discarded']);

/** What a person can do with one delivery as it is now. Each asks before, and says after what has become of it. */
export function DeliveryActions({ id, destination, state }: DeliveryActionsProps) {
  const [asked, setAsked] = useState<'replay' | 'discard' | null>(null);
  const mayOperate = useScope('operate');
  const toast = useToast();
  const queryClient = useQueryClient();
  const [group, noteAct] = useFocusAfter(state);
  if (!mayOperate) return null;
  const act = async (action: 'replay' | 'discard') => {
    const params = { params: { path: { id } } };
    await answerOf(
      action === 'replay'
        ? client.POST('/api/v1/deliveries/{id}/replay', params)
        : client.POST('/api/v1/deliveries/{id}/discard', params),
    ).finally(() => {
      // Also where it was refused: somebody else may have been there first.
      for (const queryKey of [['event'], ['parked'], ['causes']])
        void queryClient.invalidateQueries({ queryKey });
    });
    noteAct();
    toast.done(action === 'replay' ? `It goes to ${destination} again` : `Discarded for ${destination}`);
  };
  return (
    <div
      className="delivery-actions"
      role="group"
      aria-label={`Delivery to ${destination}`}
      ref={group}
      tabIndex={-1}
    >
      {REPLAYED.has(state) && <Button onPress={() => setAsked('replay')}>Replay</Button>}
      {state === 'parked' && <Button onPress={() => setAsked('discard')}>Discard</Button>}
      <ConfirmDialog
        isOpen={asked === 'replay'}
        title="Send this delivery again?"
        action="Replay"
        onClose={() => setAsked(null)}
        onConfirm={() => act('replay')}
      >
        {destination} gets this event {state === 'delivered' ? 'once more: it has taken it already' : 'again'}
        . The request is marked <code>webhook-replay</code>.
      </ConfirmDialog>
      <ConfirmDialog
        isOpen={asked === 'discard'}
        title="Give this delivery up?"
        action="Discard"
        isDangerous
        onClose={() => setAsked(null)}
        onConfirm={() => act('discard')}
      >
        {destination} does not get this event, and what waits for it goes on. It can still be replayed.
      </ConfirmDialog>
    </div>
  );
}

/** The pressed button may go with the state that it was for: who uses a keyboard goes on from where it was. */
function useFocusAfter(state: string) {
  const group = useRef<HTMLDivElement>(null);
  const hasActed = useRef(false);
  useEffect(() => {
    if (hasActed.current && document.activeElement === document.body) group.current?.focus();
    hasActed.current = false;
  }, [state]);
  return [group, () => void (hasActed.current = true)] as const;
}
