import { AppError } from '@ackline/shared/app-error';
import type { z } from 'zod';

/** Variables whose value is never shown: secrets, and addresses that may carry a password. */
const SECRET_LOOKING = /SECRET|TOKEN|PASS|CREDENTIAL|KEY|URL|DSN|ENDPOINT|HEADERS/i;
/** A value longer than this is cut when it is shown: the message stays one readable line. */
const MAX_SHOWN_VALUE_CHARS = 60;

export type Environment = Readonly<Record<string, string | undefined>>;

type DeepReadonly<T> = T extends readonly (infer E)[]
  ? readonly DeepReadonly<E>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;

/**
 * Reads the variables that `schema` names. An empty variable counts as not set. Returns a frozen object, or throws one
 * ACKLINE_ENVIRONMENT_INVALID that lists every bad variable with what it must be; the value of a secret-looking one is not shown.
 */
export function parseEnvironment<S extends z.ZodObject>(
  schema: S,
  env: Environment,
): DeepReadonly<z.output<S>> {
  const given = Object.fromEntries(
    Object.keys(schema.shape).map(name => [name, env[name] === '' ? undefined : env[name]]),
  );
  const parsed = schema.safeParse(given);
  if (parsed.success) return deepFreeze(parsed.data) as DeepReadonly<z.output<S>>;
  const lines = parsed.error.issues.map(issue => {
    const name = String(issue.path[0] ?? 'environment');
    return `${name}: ${given[name] === undefined && issue.path.length > 0 ? missing(issue.message) : issue.message}${shown(name, given[name])}`;
  });
  throw new AppError('ACKLINE_ENVIRONMENT_INVALID', `Environment: ${lines.join('; ')}`);
}

function missing(message: string): string {
  return message.startsWith('Invalid input') ? 'must be set' : message;
}

function shown(name: string, value: string | undefined): string {
  if (value === undefined) return '';
  if (SECRET_LOOKING.test(name)) return ' (its value is not shown)';
  return ` (it is ${JSON.stringify(value.slice(0, MAX_SHOWN_VALUE_CHARS))})`;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
