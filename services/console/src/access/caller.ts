import { AppError } from '@ackline/shared/app-error';
import type { KNOWN_BY } from '../api/caller.ts';
import type { Route, Scope } from '../api/route.ts';

/** Who calls, and what they may do. */
export interface Caller {
  /** For the audit. */
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  /** null: all tenants. */
  readonly tenant: string | null;
  /** session: a browser sends its cookie by itself, whoever made the page that calls. */
  readonly by: (typeof KNOWN_BY)[number];
}

/** Throws ACKLINE_NOT_ALLOWED. */
export function authorize(
  caller: Caller,
  { scope, alsoScope, tenants }: Pick<Route, 'scope' | 'alsoScope' | 'tenants'>,
): void {
  if (scope !== null) requireScope(caller, scope);
  if (alsoScope !== undefined) requireScope(caller, alsoScope);
  if (tenants === 'all' && caller.tenant !== null) {
    throw new AppError(
      'ACKLINE_NOT_ALLOWED',
      'The call is about all tenants, and the caller is of one: it takes a token or a role without a tenant',
    );
  }
}

export function requireScope({ scopes }: Caller, scope: Scope): void {
  if (!scopes.has(scope)) throw new AppError('ACKLINE_NOT_ALLOWED', `The caller has no scope \`${scope}\``);
}

/** The tenant that a call is about; undefined: all. Throws ACKLINE_NOT_ALLOWED where it asks for another one than its own. */
export function tenantOf(caller: Caller, asked: string | undefined): string | undefined {
  if (caller.tenant === null) return asked;
  if (asked !== undefined && asked !== caller.tenant) {
    throw new AppError(
      'ACKLINE_NOT_ALLOWED',
      `The caller is of the tenant ${JSON.stringify(caller.tenant)} alone`,
    );
  }
  return caller.tenant;
}

/** Whether a row of that tenant is there for the caller. */
export function maySee(caller: Caller, tenant: string): boolean {
  return caller.tenant === null || caller.tenant === tenant;
}
