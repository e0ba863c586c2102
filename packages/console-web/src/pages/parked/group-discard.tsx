import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { answerOf, client } from '../../api/client.ts';
import { Button } from '../../components/button.tsx';
import { ConfirmDialog } from '../../components/confirm-dialog.tsx';
import { deliveriesText } from '../../components/count-text.ts';
import { useToast } from '../../components/toast.tsx';
import { useScope } from '../../components/use-scope.ts';
import { causesQuery, type ParkedCause } from '../../api/parked.ts';

/** Gives up all of a cause, as it was when the question came up: what no try can deliver. */
export function GroupDiscard({ cause }: { readonly cause: string }) {
  const [asked, setAsked] = useState<ParkedCause | null>(null);
  const { data } = useQuery(causesQuery);
  const queryClient = useQueryClient();
  const toast = useToast();
  const mayOperate = useScope('operate');
  const found = data?.items.find(item => item.cause === cause);
  if (!mayOperate) return null;
  const discard = async ({ lastAt }: ParkedCause) => {
    const discarded = await discardAll(cause, lastAt).finally(() => {
      for (const queryKey of [['parked'], ['causes']]) void queryClient.invalidateQueries({ queryKey });
    });
    toast.done(`${deliveriesText(discarded)} discarded`);
  };
  return (
    <>
      <Button isDisabled={found === undefined} onPress={() => setAsked(found ?? null)}>
        Discard this group
      </Button>
      {asked !== null && (
        <ConfirmDialog
          isOpen
          title="Give all of them up?"
          action={`Discard ${deliveriesText(asked.count, asked.hasMore)}`}
          isDangerous
          onClose={() => setAsked(null)}
          onConfirm={() => discard(asked)}
        >
          {asked.destination} does not get these events, and what waits for them goes on. What is parked from
          now on stays. Each of them can still be replayed.
        </ConfirmDialog>
      )}
    </>
  );
}

/** Some hundred a call, until nothing is left. */
async function discardAll(cause: string, lastAt: string): Promise<number> {
  // The times of the database are finer than those of the API.
  const parkedUntil = new Date(Date.parse(lastAt) + 1).toISOString();
  const body = { cause, parkedUntil };
  for (let all = 0; ; ) {
    const { discarded } = await answerOf(client.POST('/api/v1/parked/discard', { body }));
    if (discarded === 0) return all;
    all += discarded;
  }
}
