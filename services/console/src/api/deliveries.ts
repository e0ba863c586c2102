import { z } from 'zod';
import { count, guid, named, time } from './named-schemas.ts';
import { byId, none } from './queries.ts';
import type { Routes } from './route.ts';

/** What a person edits by hand is small; `ackline replay --edit` takes a file of 25 MiB. */
const MAX_EDIT_BYTES = 1_048_576;
const MAX_EDIT_BASE64 = 4 * Math.ceil(MAX_EDIT_BYTES / 3);
const MAX_EDIT_NUMBER = 2 ** 31 - 1;

export const deliveryState = z.enum(['waiting', 'due', 'leased', 'delivered', 'parked', 'discarded']);

export const deliverySummary = {
  id: guid,
  route: z.string(),
  destination: z.string(),
  state: deliveryState,
  tries: count,
  dueAt: time,
  finishedAt: time.nullable().describe('When it was delivered, parked or discarded.'),
  lastStatus: z.number().int().nullable(),
  lastError: z.string().nullable(),
};

export const KEYS =
  'A hash of it where the caller has no scope `payload`: a key may be a phone number. It is the same for the same key of a source.';

export const EXCERPT =
  'The start of a refusing answer, for who has the scope `payload`: it may repeat the request.';

const attempt = named(
  'Attempt',
  'One try of a delivery.',
  z.object({
    at: time,
    ms: z.number().nullable().describe('null: nobody knows, the processor was lost.'),
    outcome: z.enum(['delivered', 'retry', 'park', 'hold', 'interrupted']),
    status: z.number().int().nullable(),
    error: z.string().nullable(),
    excerpt: z.string().nullable().describe(EXCERPT),
    times: count.nullable().describe('So many holds in a row were for this reason; this is the last one.'),
  }),
);

const edit = z.object({ n: count, at: time, by: z.string(), bytes: count });

export const delivery = named(
  'Delivery',
  'An event on its way to one destination, with every attempt that is kept.',
  z.object({
    ...deliverySummary,
    eventId: guid,
    source: z.string(),
    tenant: z.string(),
    orderingKey: z.string().nullable().describe(KEYS),
    priority: z.enum(['normal', 'high']),
    interruptions: count,
    parkReason: z.string().nullable(),
    blocks: z.boolean().describe('Later deliveries of its key wait for it.'),
    replay: z.boolean().describe('A person sent it again.'),
    createdAt: time,
    attempts: z.array(attempt),
    edits: z
      .array(edit)
      .describe('Bodies that persons sent in the place of the one that came, the newest last.'),
  }),
);

const editedBody = named(
  'EditedBody',
  'What a person sent in the place of the body that came: never shown without a line in the audit.',
  z.object({ id: guid.describe('Of the delivery.'), n: count, bodyBytes: count, bodyBase64: z.base64() }),
);

const changedDelivery = named(
  'ChangedDelivery',
  'What a call made of a delivery.',
  z.object({ id: guid, state: deliveryState }),
);

export const deliveryRoutes = {
  readDelivery: {
    method: 'get',
    path: '/deliveries/{id}',
    summary: 'One delivery with its attempts',
    scope: 'view',
    tenants: 'own',
    params: byId,
    query: none,
    body: null,
    status: 200,
    answer: delivery,
    media: [],
  },
  replayDelivery: {
    method: 'post',
    path: '/deliveries/{id}/replay',
    summary: 'Send a parked, delivered or discarded delivery again',
    scope: 'operate',
    tenants: 'own',
    params: byId,
    query: none,
    body: null,
    status: 200,
    answer: changedDelivery,
    media: [],
  },
  replayEdited: {
    method: 'post',
    path: '/deliveries/{id}/replay-edited',
    summary:
      'Send a finished delivery again with another body, marked `ackline-edited`; the event and its headers stay as they came',
    scope: 'operate',
    alsoScope: 'payload',
    tenants: 'own',
    params: byId,
    query: none,
    body: z.strictObject({
      bodyBase64: z
        .base64()
        .max(MAX_EDIT_BASE64)
        .describe('1 MiB at most. Of an event that came as JSON it has to be JSON.'),
    }),
    maxBodyBytes: MAX_EDIT_BASE64 + 1_024,
    status: 200,
    answer: changedDelivery,
    media: [],
  },
  readEdit: {
    method: 'get',
    path: '/deliveries/{id}/edits/{n}',
    summary: 'The body that a person sent with a delivery',
    scope: 'payload',
    tenants: 'own',
    params: z.strictObject({ id: guid, n: z.coerce.number().int().min(1).max(MAX_EDIT_NUMBER) }),
    query: none,
    body: null,
    status: 200,
    answer: editedBody,
    media: [],
  },
  discardDelivery: {
    method: 'post',
    path: '/deliveries/{id}/discard',
    summary: 'Give a parked delivery up, so that what waits for it goes on; it can still be replayed',
    scope: 'operate',
    tenants: 'own',
    params: byId,
    query: none,
    body: null,
    status: 200,
    answer: changedDelivery,
    media: [],
  },
} as const satisfies Routes;
