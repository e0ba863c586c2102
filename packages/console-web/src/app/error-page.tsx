import { Link, type ErrorComponentProps } from '@tanstack/react-router';
import { ProblemBox } from '../components/problem-box.tsx';

/** In place of a page that failed: the rest of the console stays. */
export function ErrorPage({ error, reset }: ErrorComponentProps) {
  return (
    <>
      <title>Failed · Ackline</title>
      <h1>This page has failed</h1>
      <ProblemBox error={error} onRetry={reset} />
    </>
  );
}

export function NoSuchPage() {
  return (
    <>
      <title>No such page · Ackline</title>
      <h1>There is no such page</h1>
      <p>
        Go to <Link to="/">the first page</Link>.
      </p>
    </>
  );
}
