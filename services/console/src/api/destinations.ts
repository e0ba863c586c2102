import { z } from 'zod';
import { count, named, place, time } from './named-schemas.ts';
import { byName, none } from './queries.ts';
import type { Route, Routes } from './route.ts';

const MAX_REASON_LENGTH = 500;

const destination = named(
  'Destination',
  'A destination as it is configured and as it is now, over all processors.',
  z.object({
    name: z.string(),
    type: z.enum(['http', 'kafka', 'handler']).nullable().describe('null: the configuration has it no more.'),
    address: z.string().nullable().describe('Without path and query, which may be a secret.'),
    place: place.nullable(),
    concurrency: count.nullable(),
    ordering: z.enum(['none', 'key']).nullable(),
    paused: z.object({ reason: z.string(), at: time }).nullable(),
    breaker: z.enum(['closed', 'open', 'half open', 'recovering']),
    probeInMs: z.number().nullable(),
    handler: z
      .object({ ready: count, processors: count, problem: z.string().nullable() })
      .nullable()
      .describe(
        'Of type handler: processors that run it, of those that should. null: none has said anything of it.',
      ),
    heldBecause: z.string().nullable().describe('null: what is due for it goes out.'),
    due: z
      .object({ count, hasMore: z.boolean() })
      .describe('Deliveries that are due, or are tried again later.'),
  }),
);

const destinations = named(
  'Destinations',
  'Those of the configuration, then those that only have work.',
  z.object({ items: z.array(destination) }),
);

const destinationChange = named(
  'DestinationChange',
  'What a call made of a destination.',
  z.object({ name: z.string(), changed: z.boolean().describe('false: it was so before.') }),
);

const change = {
  method: 'post',
  scope: 'operate',
  tenants: 'all',
  params: byName,
  query: none,
  body: null,
  status: 200,
  answer: destinationChange,
  media: [],
} as const satisfies Partial<Route>;

export const destinationRoutes = {
  listDestinations: {
    method: 'get',
    path: '/destinations',
    summary: 'Destinations with their breakers and pauses, and what is due for them',
    scope: 'view',
    tenants: 'all',
    params: none,
    query: none,
    body: null,
    status: 200,
    answer: destinations,
    media: [],
  },
  pauseDestination: {
    ...change,
    path: '/destinations/{name}/pause',
    summary: 'Hold all work for a destination; nothing is lost',
    body: z.strictObject({
      reason: z
        .string()
        .min(1)
        .max(MAX_REASON_LENGTH)
        .default('paused by hand')
        .describe('Shown wherever the pause is.'),
    }),
  },
  resumeDestination: {
    ...change,
    path: '/destinations/{name}/resume',
    summary: 'Deliver what was held: ends a pause, and that of a destination that answered 410',
  },
  enableDestination: {
    ...change,
    path: '/destinations/{name}/enable',
    summary: 'Resume it, and close its breaker: somebody has repaired it',
  },
} as const satisfies Routes;
