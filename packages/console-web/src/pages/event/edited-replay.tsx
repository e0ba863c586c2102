import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { answerOf, client } from '../../api/client.ts';
import { Button } from '../../components/button.tsx';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { REPLAYED } from '../../components/delivery-actions.tsx';
import { ProblemBox } from '../../components/problem-box.tsx';
import { RowsSkeleton } from '../../components/skeleton.tsx';
import { useToast } from '../../components/toast.tsx';
import { useScope } from '../../components/use-scope.ts';
import { editableText, textToBase64 } from './editable-text.ts';
import type { DeliveryDetails } from './event-query.ts';
import { usePayload } from './use-payload.ts';

interface EditedReplayProps {
  readonly eventId: string;
  readonly delivery: DeliveryDetails;
}

/** Sends a delivery again with another body; the event stays as it came. For who may see bodies too. */
export function EditedReplay({ eventId, delivery: { id, destination, state } }: EditedReplayProps) {
  const [isOpen, setOpen] = useState(false);
  const [text, setText] = useState<string | null>(null);
  const mayOperate = useScope('operate');
  const mayLook = useScope('payload');
  const toast = useToast();
  const queryClient = useQueryClient();
  const { data, error } = usePayload(eventId, isOpen);
  if (!mayOperate || !mayLook || !REPLAYED.has(state)) return null;
  const original = data === undefined ? null : editableText(data.bodyBase64);
  const edited = text ?? original;
  const close = () => {
    setOpen(false);
    setText(null);
  };
  const send = async () => {
    if (edited === null) return;
    await answerOf(
      client.POST('/api/v1/deliveries/{id}/replay-edited', {
        params: { path: { id } },
        body: { bodyBase64: textToBase64(edited) },
      }),
    ).finally(() => void queryClient.invalidateQueries({ queryKey: ['event'] }));
    setText(null);
    toast.done(`It goes to ${destination} as edited`);
  };
  return (
    <>
      <Button onPress={() => setOpen(true)} aria-label={`Edit and replay to ${destination}`}>
        Edit and replay
      </Button>
      <ConfirmDialog
        isOpen={isOpen}
        title={`Send another body to ${destination}?`}
        action="Send"
        isBlocked={edited === null}
        onClose={close}
        onConfirm={send}
      >
        <p>
          The event stays as it came. The request is marked <code>ackline-edited</code>, and the audit notes
          who sent it. That you see the body is noted as well.
        </p>
        {error !== null && <ProblemBox error={error} />}
        {data === undefined && error === null && <RowsSkeleton rows={4} />}
        {data !== undefined && original === null && <NotHere id={id} />}
        {edited !== null && <BodyField text={edited} onChange={setText} />}
      </ConfirmDialog>
    </>
  );
}

function NotHere({ id }: { readonly id: string }) {
  return (
    <p>
      It is no text that can be edited here, or over 1 MiB. On the machine of Ackline:{' '}
      <code>npx ackline replay {id} --edit &lt;file&gt;</code>
    </p>
  );
}

interface BodyFieldProps {
  readonly text: string;
  readonly onChange: (text: string) => void;
}

function BodyField({ text, onChange }: BodyFieldProps) {
  return (
    <textarea
      className="input edited-body"
      aria-label="Body"
      rows={12}
      spellCheck={false}
      value={text}
      onChange={event => onChange(event.target.value)}
    />
  );
}
