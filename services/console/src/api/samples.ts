import { z } from 'zod';
import { count, guid, named } from './named-schemas.ts';
import { byName, none } from './queries.ts';
import type { Routes } from './route.ts';

const sentSample = named(
  'SentSample',
  'What came of a sample.',
  z.object({
    source: z.string(),
    url: z.string().describe('Where it was sent: below CONSOLE_INGRESS_URL.'),
    status: z.number().int().nullable().describe("The ingress's; null: it gave no answer."),
    error: z.string().nullable().describe('Why there was no answer.'),
    ms: count,
    eventId: guid
      .nullable()
      .describe(
        'null: it was not accepted, is not stored after some seconds, or its provider gives no id by which it is found.',
      ),
  }),
);

export const sampleRoutes = {
  sendSample: {
    method: 'post',
    path: '/sources/{name}/samples',
    summary:
      "Send a sample to the ingress, signed with the source's own secret as its provider would: an event like any other, and delivered",
    scope: 'operate',
    tenants: 'own',
    params: byName,
    query: none,
    body: null,
    status: 200,
    answer: sentSample,
    media: [],
  },
} as const satisfies Routes;
