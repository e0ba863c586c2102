import { z } from 'zod';
import { KEYS } from './deliveries.ts';
import { count, guid, named, pageOf, time } from './named-schemas.ts';
import { name, none, paging } from './queries.ts';
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
  }),
);

const parkedCauses = named(
  'ParkedCauses',
  'Causes of what is parked, the most frequent first.',
  z.object({ items: z.array(parkedCause) }),
);

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
} as const satisfies Routes;
