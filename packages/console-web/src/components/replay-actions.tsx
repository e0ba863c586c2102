import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { changeReplay, type Replay, type ReplayChange, replayQuery } from '../api/replays.ts';
import { Button } from './button.tsx';
import { ConfirmDialog } from './confirm-dialog.tsx';
import { deliveriesText } from './count-text.ts';
import { useToast } from './toast.tsx';
import { useScope } from './use-scope.ts';

interface Change {
  readonly change: ReplayChange;
  readonly button: string;
  readonly title: string;
  readonly text: (replay: Replay) => string;
  readonly done: string;
}

const START: Change = {
  change: 'start',
  button: 'Start',
  title: 'Send them again?',
  text: ({ counted, trickle, ratePerS }) =>
    `${deliveriesText(counted)} are sent again: ${Math.min(trickle, counted)} first, and the others, ${ratePerS} a second at most, once these have arrived. What has changed since it was counted is left out.`,
  done: 'The replay has started',
};
const CONTINUE: Change = {
  change: 'continue',
  button: 'Continue',
  title: 'Go on with the replay?',
  text: ({ left, trickle }) =>
    `${deliveriesText(left)} are left. ${Math.min(trickle, left)} go first again, since nobody knows yet that the repair has helped.`,
  done: 'The replay goes on',
};
const CANCEL: Change = {
  change: 'cancel',
  button: 'Cancel',
  title: 'End the replay?',
  text: ({ left }) =>
    `${deliveriesText(left)} left of it stay as they are. What has been sent is not taken back.`,
  done: 'The replay is cancelled',
};

const CHANGES: Readonly<Record<Replay['state'], readonly Change[]>> = {
  counting: [CANCEL],
  announced: [START, CANCEL],
  trickle: [CANCEL],
  running: [CANCEL],
  stopped: [CONTINUE, CANCEL],
  cancelled: [],
  done: [],
};

/** Asked before, each. Somebody else may have been quicker: what is refused is said, and the state as it is now is shown. */
export function ReplayActions({ replay }: { readonly replay: Replay }) {
  const [asked, setAsked] = useState<Change | null>(null);
  const mayOperate = useScope('operate');
  const toast = useToast();
  const queryClient = useQueryClient();
  const { id, state } = replay;
  const confirm = async ({ change, done }: Change) => {
    try {
      await changeReplay(id, change);
      toast.done(done);
    } finally {
      await queryClient.invalidateQueries(replayQuery(id));
      void queryClient.invalidateQueries({ queryKey: ['replays'] });
    }
  };
  if (!mayOperate) return null;
  return (
    <div className="replay-actions">
      {CHANGES[state].map(change => (
        <Button
          key={change.change}
          kind={change === CANCEL ? 'default' : 'primary'}
          onPress={() => setAsked(change)}
        >
          {change.button}
        </Button>
      ))}
      {asked !== null && (
        <ConfirmDialog
          isOpen
          title={asked.title}
          action={asked === CANCEL ? 'End it' : asked.button}
          isDangerous={asked === CANCEL}
          onClose={() => setAsked(null)}
          onConfirm={() => confirm(asked)}
        >
          {asked.text(replay)}
        </ConfirmDialog>
      )}
    </div>
  );
}
