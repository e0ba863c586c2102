import { HandlerError, retryLater } from '../handler-error.ts';
import type { HandlerContext, HandlerLog } from '../handler-context.ts';
import { MAX_KEPT_BYTES, MAX_KEY_CHARS, type OnceOutcome } from '../thread/protocol.ts';
import type { Ask } from './ask.ts';

/** Who does it just now has ended by then, or is not far from it. */
const BUSY_WAIT_MS = 2_000;

export interface OnceDeps {
  readonly ask: Ask;
  readonly log: HandlerLog;
}

export function createOnce({ ask, log }: OnceDeps): HandlerContext['once'] {
  return async <T>(
    key: string,
    fn: () => T | Promise<T>,
    { uncertain = 'skip' }: { readonly uncertain?: 'skip' | 'again' } = {},
  ): Promise<T | undefined> => {
    checkKey('ctx.once', key);
    const begun = await ask('once.begin', { key, uncertain });
    switch (begun.kind) {
      case 'kept':
        return begun.result === null ? undefined : (JSON.parse(begun.result) as T);
      case 'uncertain':
        return undefined;
      case 'busy':
        throw retryLater({ afterMs: BUSY_WAIT_MS, reason: 'somebody else does it just now (ctx.once)' });
      case 'claimed':
        return claimed(fn, outcome => tell(outcome, begun.claim), log);
      default: {
        const never: never = begun;
        return never;
      }
    }

    /** What was done is done, whether or not it could be told: then it counts as uncertain. */
    async function tell(outcome: OnceOutcome, claim: string): Promise<void> {
      await ask('once.end', { key, claim, outcome }).catch(() => log.warn('handler.once-not-told', { key }));
    }
  };
}

async function claimed<T>(
  fn: () => T | Promise<T>,
  tell: (outcome: OnceOutcome) => Promise<void>,
  log: HandlerLog,
): Promise<T> {
  let result: T;
  try {
    result = await fn();
  } catch (error) {
    await tell({ kind: maybeDone(error) ? 'maybe-done' : 'undone' });
    throw error;
  }
  await tell({ kind: 'done', result: keptResult(result, log) });
  return result;
}

/** Any error may say so, not only those of our client. */
function maybeDone(error: unknown): boolean {
  return error instanceof Error && 'maybeDone' in error && error.maybeDone === true;
}

/** null: there is none that could be kept, and a later try gets undefined. */
function keptResult(result: unknown, log: HandlerLog): string | null {
  const json = jsonOf(result);
  if (json === undefined) return null;
  if (json !== null && Buffer.byteLength(json) <= MAX_KEPT_BYTES) return json;
  log.warn('handler.once-result-not-kept', { why: json === null ? 'it is no JSON' : 'it is over 64 KiB' });
  return null;
}

/** undefined: it has no JSON; null: it can't be made. */
export function jsonOf(value: unknown): string | undefined | null {
  try {
    return JSON.stringify(value);
  } catch {
    return null;
  }
}

export function checkKey(what: string, key: unknown): void {
  if (
    typeof key === 'string' &&
    key !== '' &&
    key.length <= MAX_KEY_CHARS &&
    key.isWellFormed() &&
    !key.includes('\0')
  )
    return;
  const words = `${what} wants a key of 1 to ${MAX_KEY_CHARS} characters, without NUL`;
  throw new HandlerError(words, { kind: 'failed', code: 'KEY_MALFORMED' });
}
