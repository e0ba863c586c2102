import { useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { answerOf, client } from '../../api/client.ts';
import { destinationsQuery } from '../../api/configured.ts';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { countText } from '../../components/count-text.ts';
import { useToast } from '../../components/toast.tsx';
import type { Destination, DestinationAction } from './destination.ts';

interface DestinationDialogProps {
  readonly destination: Destination;
  readonly action: DestinationAction;
  readonly onClose: () => void;
}

const MAX_REASON_LENGTH = 500;

const WORDS = {
  pause: { action: 'Pause', done: 'is paused', already: 'was paused already' },
  resume: { action: 'Resume', done: 'goes on', already: 'was not paused' },
  enable: { action: 'Enable', done: 'goes on with its breaker closed', already: 'was in no trouble' },
} as const;

/** Asks before a destination is paused, resumed or enabled, and says what came of it. */
export function DestinationDialog({ destination, action, onClose }: DestinationDialogProps) {
  const { name } = destination;
  const queryClient = useQueryClient();
  const toast = useToast();
  const reason = useRef<HTMLInputElement>(null);
  const words = WORDS[action];
  const act = async () => {
    const { changed } = await answerOf(callOf(action, name, reason.current?.value.trim() ?? ''));
    toast.done(`${name} ${changed ? words.done : words.already}`);
    await queryClient.invalidateQueries(destinationsQuery);
  };
  return (
    <ConfirmDialog
      isOpen
      title={`${words.action} ${name}`}
      action={words.action}
      onClose={onClose}
      onConfirm={act}
    >
      <p>{explain(action, destination)}</p>
      {action === 'pause' && (
        <label className="destination-reason">
          Reason
          <input
            ref={reason}
            className="input"
            maxLength={MAX_REASON_LENGTH}
            placeholder="paused by hand"
            autoComplete="off"
          />
          <span className="hint">Shown wherever the pause is, and in the audit.</span>
        </label>
      )}
    </ConfirmDialog>
  );
}

function callOf(action: DestinationAction, name: string, reason: string) {
  const params = { path: { name } };
  switch (action) {
    case 'pause':
      return client.POST('/api/v1/destinations/{name}/pause', {
        params,
        body: { reason: reason === '' ? 'paused by hand' : reason },
      });
    case 'resume':
      return client.POST('/api/v1/destinations/{name}/resume', { params });
    case 'enable':
      return client.POST('/api/v1/destinations/{name}/enable', { params });
  }
}

function explain(action: DestinationAction, { due }: Destination): string {
  const work = due.count === 1 && !due.hasMore ? '1 delivery' : `${countText(due)} deliveries`;
  switch (action) {
    case 'pause':
      return `Nothing more goes out to it until it is resumed. Webhooks are taken as before, and nothing is lost: ${work} due now, and what comes, is held.`;
    case 'resume':
      return `${work} held for it may go out at once, as fast as its limits allow.`;
    case 'enable':
      return `Do this once it is repaired: its breaker is closed, a pause ends, and ${work} may go out at once.`;
  }
}
