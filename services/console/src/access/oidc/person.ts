import { AppError } from '@ackline/shared/app-error';
import type { OidcConfig, Role } from './oidc-config.ts';

/** Of an ID token that was found good. */
export type Claims = Readonly<Record<string, unknown>>;

export interface Person extends Role {
  /** For the audit. */
  readonly name: string;
  readonly role: string;
}

/** Of a `sub` by OpenID Connect Core, section 2; an address has 254 at most. */
const MAX_NAME_LENGTH = 255;
const READABLE = /^[\x21-\x7e]+$/;

/** Who somebody is by what their provider says of them. Throws ACKLINE_OIDC_NO_ROLE. */
export function personOf(
  claims: Claims,
  { roles, roleClaim }: Pick<OidcConfig, 'roles' | 'roleClaim'>,
): Person {
  const theirs = new Set(rolesIn(claims, roleClaim));
  for (const [role, given] of roles) if (theirs.has(role)) return { ...given, role, name: nameOf(claims) };
  throw new AppError(
    'ACKLINE_OIDC_NO_ROLE',
    `${nameOf(claims)} has no role here: the claim ${JSON.stringify(roleClaim)} of the ID token ${
      theirs.size === 0 ? 'is not there, or empty' : 'names none of those that CONSOLE_OIDC_ROLES has'
    }`,
  );
}

/** Whether a session's role gives today what it gave when it began: who was taken something away does not keep it until the evening. */
export function createRoleCheck(roles: OidcConfig['roles'] | null): (session: Given) => boolean {
  return ({ role, scopes, tenant }) => {
    if (role === null) return true;
    const given = roles?.get(role);
    return given !== undefined && given.tenant === tenant && given.scopes.join() === scopes.join();
  };
}

interface Given extends Role {
  /** null: it is of a token. */
  readonly role: string | null;
}

/**
 * An address that the provider has not proven may be anybody's: then it is the id that the provider has for the person, with another
 * word before it, since an id may look like the address of somebody else.
 */
function nameOf({ email, email_verified: isVerified, sub }: Claims): string {
  if (isVerified === true && isReadable(email)) return `oidc:${email}`;
  if (!isReadable(sub)) throw new AppError('ACKLINE_OIDC_REFUSED', 'The provider names nobody');
  return `oidc-sub:${sub}`;
}

const isReadable = (name: unknown): name is string =>
  typeof name === 'string' && name.length <= MAX_NAME_LENGTH && READABLE.test(name);

/** A claim's own name may have dots, too (`https://example.com/roles`). */
function rolesIn(claims: Claims, claim: string): readonly string[] {
  const value = claim in claims ? claims[claim] : claim.split('.').reduce<unknown>(within, claims);
  return (Array.isArray(value) ? value : [value]).filter(role => typeof role === 'string');
}

function within(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Claims)[name]
    : undefined;
}
