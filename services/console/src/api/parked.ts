import { z } from 'zod';
import { EXCERPT, KEYS } from './deliveries.ts';
import { count, guid, named, pageOf, time } from './named-schemas.ts';
import { name, none, paging, shownKeys } from './queries.ts';
import type { Routes } from './route.ts';

/** A destination and an answer: as long as the two are. */
const MAX_CAUSE_LENGTH = 1_000;
export const cause = z.string().min(1).max(MAX_CAUSE_LENGTH);

const parkedDelivery = named(
  'ParkedDelivery',
  'A delivery that needs a person.',
  z.object({
    id: guid,
    eventId: guid,
    source: z.string(),
    tenant: z.string(),
    route: z.string(),
    destination: z.string(),
    orderingKey: z.string().nullable().describe(KEYS),
    reason: z.string(),
    cause: z.string().describe('Its destination and the last answer: what one repair is for.'),
    tries: count,
    parkedAt: time,
    blocks: z.boolean(),
    lastStatus: z.number().int().nullable(),
    lastError: z.string().nullable(),
    lastExcerpt: z.string().nullable().describe(EXCERPT),
  }),
);

const parkedPage = pageOf('ParkedPage', 'What is parked, the newest first.', parkedDelivery);

const parkedCause = named(
  'ParkedCause',
  'All that is parked for one reason.',
  z.object({
    cause: z.string(),
    destination: z.string(),
    count,
    hasMore: z.boolean().describe('`count` is where counting ended: there are at least so many.'),
    firstAt: time,
    lastAt: time,
    exampleId: guid.describe('The delivery that was parked last.'),
    exampleEventId: guid.describe('Its event.'),
  }),
);

const parkedCauses = named(
  'ParkedCauses',
  'Causes of what is parked, the most frequent first.',
  z.object({ items: z.array(parkedCause) }),
);

const discardedOfCause = named(
  'DiscardedOfCause',
  'What a call discarded of a cause.',
  z.object({ discarded: count.describe('0: nothing is left. Else there may be more: call again.') }),
);

const quarantined = named(
  'Quarantined',
  'Records of a log that could not be stored as events; their bytes are kept and never shown.',
  z.object({
    total: count.describe('Of all, also those that are not listed.'),
    hasMore: z.boolean().describe('`total` is where counting ended: there are at least so many.'),
    items: z.array(
      z.object({
        id: z.string(),
        origin: z.string().describe('Where it was read: the place in the log.'),
        reason: z.string(),
        quarantinedAt: time,
      }),
    ),
  }),
);

/** `ackline park` lists so many. */
const MAX_QUARANTINED = 1_000;
const DEFAULT_QUARANTINED = 50;

export const parkedRoutes = {
  listParked: {
    method: 'get',
    path: '/parked',
    summary: 'Deliveries that need a person, the newest first',
    scope: 'view',
    tenants: 'own',
    params: none,
    query: z.strictObject({
      ...paging,
      cause: cause.optional(),
      destination: name.optional(),
      source: name.optional(),
      tenant: name.optional(),
      ...shownKeys,
    }),
    body: null,
    status: 200,
    answer: parkedPage,
    media: [],
  },
  listCauses: {
    method: 'get',
    path: '/parked/causes',
    summary: 'What is parked by cause, the most frequent first',
    scope: 'view',
    tenants: 'own',
    params: none,
    query: z.strictObject({ tenant: name.optional() }),
    body: null,
    status: 200,
    answer: parkedCauses,
    media: [],
  },
  discardCause: {
    method: 'post',
    path: '/parked/discard',
    summary: 'Give up the oldest of what is parked for a cause, some hundred a call',
    scope: 'operate',
    tenants: 'own',
    params: none,
    query: none,
    body: z.strictObject({
      cause,
      parkedUntil: time.describe('What was parked later stays: nobody has seen it.'),
    }),
    status: 200,
    answer: discardedOfCause,
    media: [],
  },
  listQuarantined: {
    method: 'get',
    path: '/parked/quarantined',
    summary: 'Records that could not be stored, the newest first',
    scope: 'view',
    tenants: 'all',
    params: none,
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(MAX_QUARANTINED).default(DEFAULT_QUARANTINED),
    }),
    body: null,
    status: 200,
    answer: quarantined,
    media: [],
  },
} as const satisfies Routes;
