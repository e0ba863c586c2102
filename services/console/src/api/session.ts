import { z } from 'zod';
import { named, time } from './named-schemas.ts';
import { none } from './queries.ts';
import { type Routes, SCOPES } from './route.ts';

const MAX_TOKEN_LENGTH = 256;

const access = named(
  'Access',
  'How one becomes known here.',
  z.object({
    local: z.boolean().describe('Whoever is on this machine is known: nobody needs to sign in.'),
    oidc: z
      .object({ label: z.string().describe('What people call it: "Sign in with …".') })
      .nullable()
      .describe('`/login/oidc` signs in by an OpenID provider; null: none is configured.'),
  }),
);

const session = named(
  'Session',
  'Who has signed in. The answer sets its cookie.',
  z.object({
    name: z.string(),
    scopes: z.array(z.enum(SCOPES)),
    tenant: z.string().nullable().describe('null: all of them.'),
    expiresAt: time.describe('It ends before, where it is not used for an hour.'),
  }),
);

const sessionEnd = named(
  'SessionEnd',
  'Nobody is signed in with this browser any more.',
  z.object({ ended: z.boolean().describe('false: nobody was.') }),
);

const common = { tenants: 'own', scope: null, isAnonymous: true, params: none, query: none } as const;

export const sessionRoutes = {
  readAccess: {
    ...common,
    method: 'get',
    path: '/access',
    summary: 'How one becomes known here',
    body: null,
    status: 200,
    answer: access,
    media: [],
  },
  startSession: {
    ...common,
    method: 'post',
    path: '/session',
    summary: 'Sign a browser in with a token',
    body: z.strictObject({ token: z.string().min(1).max(MAX_TOKEN_LENGTH) }),
    status: 200,
    answer: session,
    media: [],
  },
  endSession: {
    ...common,
    method: 'post',
    path: '/session/end',
    summary: 'Sign it out',
    body: z.strictObject({}),
    status: 200,
    answer: sessionEnd,
    media: [],
  },
} as const satisfies Routes;
