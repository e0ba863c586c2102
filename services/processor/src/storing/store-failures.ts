/**
 * Class 22: a value that PostgreSQL can't hold; class 54: not so much of it, as a value that is too long for an index; class 23 with a
 * constraint's name: that one refuses it. Trying again can't help.
 * Without a name (a partition that is missing, a column that may not be null) the fault is the schema's or this release's.
 */
export function isPoison(error: unknown): error is Error & { code: string } {
  if (!(error instanceof Error) || !('code' in error)) return false;
  const code = String(error.code);
  return /^(?:22|54)/.test(code) || (code.startsWith('23') && constraintOf(error) !== null);
}

function constraintOf(error: Error): string | null {
  return 'constraint' in error && typeof error.constraint === 'string' ? error.constraint : null;
}

/** PostgreSQL's code for a statement that it cancelled, here at the time limit. */
const CANCELLED = '57014';
/** What the client says of a statement whose end it did not see in time; it has no code. */
const NO_ANSWER = 'Query read timeout';

/** The transaction was too much for the time limit: a smaller one may pass. */
export function isTooLong(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  return codeOf(error) === CANCELLED || error.message === NO_ANSWER;
}

/** The server ended the session: it stood still in its transaction (25P03), or the server itself was to end or had crashed. */
const ENDED = ['25P03', '57P01', '57P02', 'ECONNRESET', 'EPIPE'];
/** What the client says of one that had ended before it was told why; these have no code. */
const GONE = /^(?:Connection terminated|Client has encountered a connection error)/;

/** The connection was lost. Where that was in the middle of a transaction, it may have been too much: a smaller one may pass. */
export function isConnectionLost(error: unknown): error is Error {
  return error instanceof Error && (ENDED.includes(codeOf(error)) || GONE.test(error.message));
}

/** PostgreSQL's code for a lock that was not had in its time. */
const LOCKED = '55P03';

/** It waited for what somebody else holds: a smaller one may have no need of that, but what has it can only wait. */
export function isLockedOut(error: unknown): error is Error {
  return error instanceof Error && codeOf(error) === LOCKED;
}

/** Of a transaction that had the locks of its lanes: a smaller one may pass. */
export function isTooMuch(error: unknown): error is Error {
  return isTooLong(error) || isConnectionLost(error) || isLockedOut(error);
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : '';
}

/** Rows get their place in these tables from PostgreSQL or from us, never from a sender: a place that is taken is no event's fault. */
const OURS = /^(?:(?:events|finished_deliveries)(?:_\d{8}|_default)?|deliveries|unrouted_events)$/;

/** A place in the store that is taken already: as when the sequence of `seq` was set back. */
export function isPlaceTaken(error: unknown): boolean {
  if (!isPoison(error) || error.code !== '23505') return false;
  return 'table' in error && OURS.test(String(error.table));
}

/** PostgreSQL refuses every event just now: nothing goes to quarantine, and its lane waits. */
export class StoreRefusesAll extends Error {
  override readonly name = 'StoreRefusesAll';
  /** For a person: the code and the names, never a value. */
  readonly reason: string;

  constructor(cause: Error & { code: string }) {
    const constraint = constraintOf(cause);
    const named = constraint === null ? '' : `, ${constraint}`;
    const reason = `PostgreSQL refuses every event (SQLSTATE ${cause.code}${named})`;
    super(`${reason}: its schema or a sequence is not what this release expects`, { cause });
    this.reason = reason;
  }
}
