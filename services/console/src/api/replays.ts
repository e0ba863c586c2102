import { MAX_RATE_PER_S } from '@ackline/store/replays';
import { z } from 'zod';
import { count, guid, named, pageOf, time } from './named-schemas.ts';
import { cause } from './parked.ts';
import { byId, name, none, paging } from './queries.ts';
import type { Route, Routes } from './route.ts';

/** Little beside live work. */
const DEFAULT_RATE_PER_S = 50;
const DEFAULT_TRICKLE = 5;
/** As many as are ever under way of one replay. */
const MAX_TRICKLE = 100;

const filter = z
  .strictObject({
    state: z.enum(['parked', 'delivered', 'discarded']).default('parked').describe('What they are now.'),
    cause: cause.optional().describe('Of parked ones.'),
    destination: name.optional(),
    route: name.optional(),
    source: name.optional(),
    tenant: name.optional(),
    since: time.optional().describe('Parked or finished since then.'),
    until: time.optional().describe('Parked or finished until then.'),
  })
  .refine(given => Object.entries(given).some(([field, value]) => field !== 'state' && value !== undefined), {
    message: 'must name something besides the state: all of what is parked is not replayed by a slip',
  })
  .refine(({ state, cause: given }) => given === undefined || state === 'parked', {
    message: 'has a cause, which only what is parked has',
  });

const replayFilter = named(
  'ReplayFilter',
  'Which deliveries a replay sends: all that is given must hold.',
  z.object({
    state: z.enum(['parked', 'delivered', 'discarded']),
    cause: z.string().optional(),
    destination: z.string().optional(),
    route: z.string().optional(),
    source: z.string().optional(),
    tenant: z.string().optional(),
    since: time.optional(),
    until: time.optional(),
  }),
);

const replayFacts = {
  id: guid,
  createdAt: time,
  createdBy: z.string(),
  filter: replayFilter,
  ratePerS: z.number(),
  trickle: count.describe('So many go first, and the others once these have arrived.'),
  state: z.enum(['counting', 'announced', 'trickle', 'running', 'stopped', 'cancelled', 'done']),
  counted: count,
  released: count,
  skipped: count.describe('They were no longer as they had been counted.'),
  left: count,
  reason: z.string().nullable().describe('Why it was stopped.'),
  changedAt: time,
  finishedAt: time.nullable(),
};

const listedReplay = named(
  'ListedReplay',
  'A replay of all deliveries that a filter names.',
  z.object(replayFacts),
);

const replayPage = pageOf('ReplayPage', 'Replays, the newest first.', listedReplay);

const replay = named(
  'Replay',
  'A replay, with what has become of what it has sent.',
  z.object({
    ...replayFacts,
    open: count,
    retrying: count,
    parkedAgain: count,
    delivered: count,
    discarded: count,
  }),
);

const change = {
  method: 'post',
  scope: 'operate',
  tenants: 'own',
  params: byId,
  query: none,
  body: null,
  status: 200,
  answer: listedReplay,
  media: [],
} as const satisfies Partial<Route>;

export const replayRoutes = {
  createReplay: {
    method: 'post',
    path: '/replays',
    summary: 'Count what a filter names. Nothing is sent before the replay is announced and then started',
    scope: 'operate',
    tenants: 'own',
    params: none,
    query: none,
    body: z.strictObject({
      filter,
      ratePerS: z.number().positive().max(MAX_RATE_PER_S).default(DEFAULT_RATE_PER_S),
      trickle: z
        .number()
        .int()
        .min(1)
        .max(MAX_TRICKLE)
        .default(DEFAULT_TRICKLE)
        .describe('So many go first, and the others once these have arrived.'),
    }),
    status: 202,
    answer: listedReplay,
    media: [],
  },
  listReplays: {
    method: 'get',
    path: '/replays',
    summary: 'Replays, the newest first',
    scope: 'view',
    tenants: 'own',
    params: none,
    query: z.strictObject(paging),
    body: null,
    status: 200,
    answer: replayPage,
    media: [],
  },
  readReplay: {
    method: 'get',
    path: '/replays/{id}',
    summary: 'How far a replay is, and what has become of what it sent',
    scope: 'view',
    tenants: 'own',
    params: byId,
    query: none,
    body: null,
    status: 200,
    answer: replay,
    media: [],
  },
  startReplay: { ...change, path: '/replays/{id}/start', summary: 'Send what was counted' },
  continueReplay: {
    ...change,
    path: '/replays/{id}/continue',
    summary: 'Go on with a replay whose trickle failed, with a new trickle',
  },
  cancelReplay: {
    ...change,
    path: '/replays/{id}/cancel',
    summary: 'End a replay: what is left of it stays as it is',
  },
} as const satisfies Routes;
