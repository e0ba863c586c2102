import { AppError } from '@ackline/shared/app-error';

/** Keeps a secret out of the shell's history and of the list of processes. */
const VARIABLE_PREFIX = 'env:';

/** `--secret`: the value itself, or `env:NAME`. Throws ACKLINE_SECRET_MISSING; a value is in no message. */
export function givenSecret(text: string, environment: Readonly<Record<string, string | undefined>>): string {
  if (!text.startsWith(VARIABLE_PREFIX)) return text;
  const name = text.slice(VARIABLE_PREFIX.length);
  const value = environment[name];
  if (value !== undefined && value !== '') return value;
  throw new AppError('ACKLINE_SECRET_MISSING', `The environment has no variable ${shownName(name)}`);
}

/** What can be no name may be a secret. */
function shownName(name: string): string {
  return /^[A-Z][A-Z0-9_]{0,99}$/.test(name) ? name : 'of that name';
}
