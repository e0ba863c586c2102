import { z } from 'zod';
import { delivery, deliveryState, deliverySummary, KEYS } from './deliveries.ts';
import { count, guid, named, pageOf, time } from './named-schemas.ts';
import { byId, eventFilters, forward, none, paging, shownKeys, sources, timeFilter } from './queries.ts';
import type { Routes } from './route.ts';

/** Events of a pull. */
const MAX_PULLED = 100;

const eventFacts = {
  seq: z.string().describe('The place in the order of storing.'),
  id: guid,
  source: z.string(),
  tenant: z.string(),
  provider: z.string(),
  type: z.string(),
  dedupKey: z.string().describe(KEYS),
  orderingKey: z.string().nullable().describe(KEYS),
  receivedAt: time,
  storedAt: time,
  tier: z.enum(['kafka', 'inbox']),
  routing: z.enum(['routed', 'unmatched', 'unrouted']),
  bodyBytes: count,
};

const listedEvent = named(
  'ListedEvent',
  'An event with its deliveries as they are now.',
  z.object({ ...eventFacts, deliveries: z.array(z.object(deliverySummary)) }),
);

const eventPage = pageOf('EventPage', 'Events, the newest first.', listedEvent);

const timelineEntry = named(
  'TimelineEntry',
  'Something that happened to an event.',
  z.object({
    at: time,
    what: z.enum([
      'occurred',
      'received',
      'stored',
      'attempted',
      'edited',
      'delivered',
      'parked',
      'discarded',
    ]),
    deliveryId: guid.nullable(),
    destination: z.string().nullable(),
    outcome: z
      .string()
      .nullable()
      .describe('Of an attempt, with its status or error; of an edit, its number and who made it.'),
  }),
);

const event = named(
  'Event',
  'An event, from its request to the last attempt.',
  z.object({
    ...eventFacts,
    occurredAt: time.nullable().describe('By its provider.'),
    priority: z.enum(['normal', 'high']),
    traceId: z.string().nullable(),
    traceUrl: z.string().nullable().describe('Where its trace is looked at, by CONSOLE_TRACE_URL.'),
    deliveries: z.array(delivery),
    timeline: z.array(timelineEntry),
  }),
);

const contents = {
  method: z.string(),
  url: z.string().describe('That the provider called.'),
  headers: z.array(z.tuple([z.string(), z.string()])).describe('In order, duplicates kept.'),
  bodyBytes: count,
  bodyBase64: z.base64(),
};

const payload = named(
  'Payload',
  'What came: never shown without a line in the audit.',
  z.object({ id: guid, ...contents }),
);

const { tier: _tier, routing: _routing, bodyBytes: _bodyBytes, ...pulledFacts } = eventFacts;

const pulledEvents = named(
  'PulledEvents',
  'The next events with what came, in the order of storing; in the audit by one line.',
  z.object({
    items: z.array(
      z.object({
        ...pulledFacts,
        cursor: z.string().describe('`after`, for what is behind this event.'),
        payload: z.object(contents).nullable().describe('null: what is stored can not be read.'),
      }),
    ),
    from: z.string().describe('The cursor that it began behind: `after`, or where it begins without.'),
    next: z
      .string()
      .describe(
        '`after` of the next call. It moves on also where nothing matched, and belongs to no filter.',
      ),
    isCaughtUp: z
      .boolean()
      .describe(
        'There was no more at the time of the call. false: call again at once, also where no item came.',
      ),
  }),
);

export const eventRoutes = {
  listEvents: {
    method: 'get',
    path: '/events',
    summary: 'Events with their deliveries, the newest first',
    scope: 'view',
    tenants: 'own',
    params: none,
    query: z.strictObject({
      ...paging,
      ...eventFilters,
      ...shownKeys,
      id: guid.optional(),
      state: deliveryState
        .optional()
        .describe('With a delivery in this state (to `destination`, where that is given).'),
      receivedSince: timeFilter('By the clock of the ingress.'),
      receivedUntil: timeFilter('By the clock of the ingress. To begin far back, give storedUntil too.'),
      storedSince: timeFilter('By the clock of the database; a page goes no further back.'),
      storedUntil: timeFilter('By the clock of the database; the list begins there, however much is newer.'),
    }),
    body: null,
    status: 200,
    answer: eventPage,
    media: [],
  },
  streamEvents: {
    method: 'get',
    path: '/events/stream',
    summary: 'Events as they are stored, as server-sent events that go on where a client was',
    scope: 'view',
    tenants: 'own',
    params: none,
    query: z.strictObject({
      ...eventFilters,
      ...shownKeys,
      ...forward,
      after: forward.after.describe(
        'The id of the last event that was seen; the header Last-Event-ID says the same. Without: from now on.',
      ),
    }),
    body: null,
    status: 200,
    answer: listedEvent,
    media: ['text/event-stream'],
  },
  pullEvents: {
    method: 'get',
    path: '/events/payloads',
    summary: 'The next events behind a cursor with headers and bodies, none skipped; noted in the audit',
    scope: 'payload',
    tenants: 'own',
    params: none,
    query: z.strictObject({
      ...eventFilters,
      source: sources,
      ...forward,
      after: forward.after.describe(
        '`next` of the call before, or `cursor` of an event. Without: from now on.',
      ),
      limit: z.coerce
        .number()
        .int()
        .min(1)
        .max(MAX_PULLED)
        .default(MAX_PULLED)
        .describe('Events of an answer. 8 MiB of bodies end it before; there is one at least.'),
    }),
    body: null,
    status: 200,
    answer: pulledEvents,
    media: [],
  },
  readEvent: {
    method: 'get',
    path: '/events/{id}',
    summary: 'One event, from its request to the last attempt',
    scope: 'view',
    tenants: 'own',
    params: byId,
    query: none,
    body: null,
    status: 200,
    answer: event,
    media: [],
  },
  readPayload: {
    method: 'get',
    path: '/events/{id}/payload',
    summary: 'Headers and body of an event, byte for byte; noted in the audit',
    scope: 'payload',
    tenants: 'own',
    params: byId,
    query: z.strictObject({
      raw: z.literal(['', 'true']).optional().describe('The bytes of the body alone, as a file.'),
    }),
    body: null,
    status: 200,
    answer: payload,
    media: ['application/octet-stream'],
  },
} as const satisfies Routes;
