import { isLoopback } from '@ackline/runtime/loopback';
import type { SecretRef } from '@ackline/shared/config/types';
import { z } from 'zod';
import { SCOPES, type Scope } from '../../api/route.ts';

/** What a role gives. */
export interface Role {
  readonly scopes: readonly Scope[];
  /** null: all tenants. */
  readonly tenant: string | null;
}

interface NamedRole extends Role {
  readonly name: string;
}

export interface OidcConfig {
  readonly issuer: URL;
  readonly clientId: string;
  readonly clientSecret: SecretRef;
  /** What people call it. */
  readonly label: string;
  readonly scope: string;
  readonly roleClaim: string;
  /** In the order of the declaration: of those that a person has, the first one holds. */
  readonly roles: ReadonlyMap<string, Role>;
  readonly publicUrl: URL;
}

const DEFAULT_LABEL = 'single sign-on';
const DEFAULT_SCOPE = 'openid email profile';
const DEFAULT_CLAIM = 'roles';
const MAX_ROLES = 100;

const rolesSchema = z.record(
  z.string().min(1),
  z
    .strictObject({ scopes: z.array(z.enum(SCOPES)).min(1), tenant: z.string().min(1).max(200).optional() })
    .transform(({ scopes, tenant = null }): Role => ({ scopes: [...new Set(scopes)], tenant })),
);

const ROLES_FORM = '{"sre":{"scopes":["view","operate"]},"acme":{"scopes":["view"],"tenant":"acme"}}';

/** Says what is wrong by the place in the JSON. */
function parseRoles(text: string, context: z.RefinementCtx): readonly NamedRole[] {
  const parsed = rolesSchema.safeParse(parsedJson(text));
  const problems = parsed.success
    ? nameProblems(Object.keys(parsed.data))
    : parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`);
  for (const message of problems) context.addIssue({ code: 'custom', message });
  return parsed.success && problems.length === 0
    ? Object.entries(parsed.data).map(([name, role]) => ({ name, ...role }))
    : z.NEVER;
}

function nameProblems(names: readonly string[]): readonly string[] {
  if (names.length < 1 || names.length > MAX_ROLES)
    return [`must have 1 to ${MAX_ROLES} roles, such as ${ROLES_FORM}`];
  // JavaScript puts those first, whatever their place was.
  return names.filter(name => /^\d+$/.test(name)).map(name => `${name}: a role must not be a number alone`);
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const ISSUER_RULE = 'must be the https:// URL of the issuer (http:// on this machine alone), without query';

function isIssuer(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.search !== '' || url.hash !== '' || url.username !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
}

const text = () => z.string().nullable().default(null);

/** The variables; docs/environment.md is written from them. */
export const oidcFields = {
  CONSOLE_OIDC_ISSUER: text()
    .refine(issuer => issuer === null || isIssuer(issuer), ISSUER_RULE)
    .meta({
      title: '`https://login.example.com/realms/ops`',
      description:
        'Whose people may sign in to the console (OpenID Connect). Its other variables are needed then, and CONSOLE_PUBLIC_URL: the redirect URI is `/login/oidc/callback` there.',
      unset: 'tokens alone',
    }),
  CONSOLE_OIDC_CLIENT_ID: text().meta({
    title: 'text',
    description: 'The console, as the issuer knows it.',
    unset: 'only without an issuer',
  }),
  CONSOLE_OIDC_CLIENT_SECRET: text().meta({
    title: 'text',
    description: 'Its secret there.',
    unset: 'CONSOLE_OIDC_CLIENT_SECRET_FILE',
    secret: true,
  }),
  CONSOLE_OIDC_CLIENT_SECRET_FILE: text().meta({
    title: 'path',
    description: 'A file with the secret in place of the variable: it is read again where it changes.',
    unset: 'CONSOLE_OIDC_CLIENT_SECRET',
  }),
  CONSOLE_OIDC_ROLES: z
    .string()
    .transform(parseRoles)
    .nullable()
    .default(null)
    .meta({
      title: `\`${ROLES_FORM}\``,
      description:
        'What a role of a person gives: scopes, and a tenant or all. Of several roles the first one here holds. Who has none of them is refused.',
      unset: 'only without an issuer',
    }),
  CONSOLE_OIDC_ROLE_CLAIM: z.string().min(1).default(DEFAULT_CLAIM).meta({
    title: 'text',
    description:
      'The claim of the ID token with the roles: a text or a list. `realm_access.roles` is one within another.',
  }),
  CONSOLE_OIDC_SCOPE: z
    .string()
    .regex(/(?:^| )openid(?: |$)/, 'must have openid among its words')
    .default(DEFAULT_SCOPE)
    .meta({ title: 'text', description: 'What the issuer is asked for.' }),
  CONSOLE_OIDC_LABEL: z.string().min(1).max(60).default(DEFAULT_LABEL).meta({
    title: 'text',
    description: 'What the page calls it: "Sign in with …".',
  }),
} as const;

type OidcVariables = { readonly [Name in keyof typeof oidcFields]: z.output<(typeof oidcFields)[Name]> } & {
  readonly CONSOLE_PUBLIC_URL: string | null;
};

/** Where an issuer is set, all that it needs has to be there. */
export function checkOidc(env: OidcVariables, context: z.RefinementCtx): void {
  if (env.CONSOLE_OIDC_ISSUER === null) return;
  const missing = (name: string, message = 'must be set with CONSOLE_OIDC_ISSUER') =>
    context.addIssue({ code: 'custom', path: [name], message });
  for (const name of ['CONSOLE_OIDC_CLIENT_ID', 'CONSOLE_OIDC_ROLES', 'CONSOLE_PUBLIC_URL'] as const)
    if (env[name] === null) missing(name);
  if ((env.CONSOLE_OIDC_CLIENT_SECRET === null) === (env.CONSOLE_OIDC_CLIENT_SECRET_FILE === null))
    missing(
      'CONSOLE_OIDC_CLIENT_SECRET',
      'either it or CONSOLE_OIDC_CLIENT_SECRET_FILE must be set, and not both',
    );
}

/** null: none is configured. */
export function oidcConfigOf(env: OidcVariables): OidcConfig | null {
  const { CONSOLE_OIDC_ISSUER: issuer, CONSOLE_OIDC_CLIENT_ID: clientId, CONSOLE_OIDC_ROLES: roles } = env;
  const { CONSOLE_OIDC_CLIENT_SECRET_FILE: file, CONSOLE_PUBLIC_URL: publicUrl } = env;
  if (issuer === null || clientId === null || roles === null || publicUrl === null) return null;
  return {
    issuer: new URL(issuer),
    clientId,
    clientSecret: file === null ? { env: 'CONSOLE_OIDC_CLIENT_SECRET' } : { file },
    label: env.CONSOLE_OIDC_LABEL,
    scope: env.CONSOLE_OIDC_SCOPE,
    roleClaim: env.CONSOLE_OIDC_ROLE_CLAIM,
    roles: new Map(roles.map(({ name, scopes, tenant }) => [name, { scopes, tenant }])),
    publicUrl: new URL(publicUrl),
  };
}
