import type { ConsoleSchemas } from '@ackline/console-client/client';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { answerOf, client } from '../../api/client.ts';
import { Button } from '../../components/button.tsx';
import { elapsedText } from '../../components/duration.ts';
import { useToast } from '../../components/toast.tsx';
import { visibleText } from '../../components/visible-text.ts';

type Sent = ConsoleSchemas['SentSample'];

/** Sends an event as the provider would, signed with the source's own secret, and says what came of it. */
export function SendSample({ source }: { readonly source: string }) {
  const [isPending, setPending] = useState(false);
  const [sent, setSent] = useState<Sent | null>(null);
  const toast = useToast();
  const send = async () => {
    setPending(true);
    setSent(null);
    const params = { params: { path: { name: source } } };
    try {
      setSent(await answerOf(client.POST('/api/v1/sources/{name}/samples', params)));
    } catch (error) {
      toast.failed(error);
    } finally {
      setPending(false);
    }
  };
  return (
    <div className="card-line">
      <Button onPress={() => void send()} isDisabled={isPending} aria-label={`Send a sample to ${source}`}>
        Send a sample
      </Button>
      <span role="status">
        {isPending && 'On its way…'}
        {sent !== null && <Outcome sent={sent} />}
      </span>
    </div>
  );
}

function Outcome({ sent: { status, error, ms, eventId } }: { readonly sent: Sent }) {
  if (status === null) return <>The ingress gave no answer: {visibleText(error ?? 'it is not known why')}</>;
  const answer = `The ingress answered ${status} after ${elapsedText(ms)}`;
  if (eventId === null) {
    return (
      <>{status < 300 ? `${answer}. The event is not stored yet: look for it among its events.` : answer}</>
    );
  }
  return (
    <>
      {answer}.{' '}
      <Link to="/events/$id" params={{ id: eventId }}>
        See the event
      </Link>
    </>
  );
}
