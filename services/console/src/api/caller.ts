import { z } from 'zod';
import { named } from './named-schemas.ts';
import { none } from './queries.ts';
import { type Routes, SCOPES } from './route.ts';

export const KNOWN_BY = ['machine', 'token', 'session'] as const;

const caller = named(
  'Caller',
  'Who calls.',
  z.object({
    name: z.string(),
    scopes: z.array(z.enum(SCOPES)),
    tenant: z.string().nullable().describe('null: all of them.'),
    by: z
      .enum(KNOWN_BY)
      .describe(
        'machine: whoever is on this machine, in development. session: a cookie, which can be signed out.',
      ),
  }),
);

export const callerRoutes = {
  readCaller: {
    method: 'get',
    path: '/caller',
    summary: 'Who calls, and what the caller may do',
    scope: null,
    tenants: 'own',
    params: none,
    query: none,
    body: null,
    status: 200,
    answer: caller,
    media: [],
  },
} as const satisfies Routes;
