import './sign-in.css';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type SubmitEvent, useState } from 'react';
import { signIn, waysInQuery } from '../api/session.ts';
import { Button } from '../components/button.tsx';
import { ProblemBox } from '../components/problem-box.tsx';

/** For who is not known: a token, or the organisation's own sign-in. */
export function SignIn() {
  const { data: waysIn } = useQuery(waysInQuery);
  return (
    <main className="sign-in">
      <title>Sign in · Ackline</title>
      <h1>
        <img src="/favicon.svg" alt="" width="28" height="28" /> Sign in to Ackline
      </h1>
      {waysIn?.oidc && (
        <>
          <a className="button button-primary" href="/login/oidc">
            Sign in with {waysIn.oidc.label}
          </a>
          <p className="sign-in-or">or with a token</p>
        </>
      )}
      <TokenForm />
      <p className="hint">
        A token is made on the machine of Ackline:{' '}
        <code>npx ackline tokens create me --scope view,payload,operate</code>
      </p>
    </main>
  );
}

function TokenForm() {
  const queryClient = useQueryClient();
  const [failure, setFailure] = useState<{ readonly error: unknown } | null>(null);
  const [isPending, setPending] = useState(false);
  const submit = async (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const token = new FormData(event.currentTarget).get('token');
    setPending(true);
    setFailure(null);
    try {
      await signIn(typeof token === 'string' ? token.trim() : '');
      await queryClient.resetQueries();
    } catch (error) {
      setFailure({ error });
    } finally {
      setPending(false);
    }
  };
  return (
    <form onSubmit={event => void submit(event)}>
      <label>
        Token
        <input
          className="input"
          name="token"
          type="password"
          autoComplete="current-password"
          required
          spellCheck={false}
        />
      </label>
      {failure !== null && <ProblemBox error={failure.error} />}
      <Button type="submit" kind="primary" isDisabled={isPending}>
        Sign in
      </Button>
    </form>
  );
}
