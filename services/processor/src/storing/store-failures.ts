/** Class 22: a value that PostgreSQL can't hold; class 23: a constraint refuses it. Trying again can't help. */
export function isPoison(error: unknown): error is Error & { code: string } {
  return error instanceof Error && 'code' in error && /^2[23]/.test(String(error.code));
}

/** PostgreSQL's code for a statement that it cancelled, here at the time limit. */
const CANCELLED = '57014';
/** What the client says of a statement whose end it did not see in time; it has no code. */
const NO_ANSWER = 'Query read timeout';

/** The transaction was too much for the time limit: a smaller one may pass. */
export function isTooLong(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && error.code === CANCELLED) || error.message === NO_ANSWER;
}
