import { z } from 'zod';
import { count, guid, named, pageOf, time } from './named-schemas.ts';
import { byId, name, none, paging } from './queries.ts';
import type { Routes } from './route.ts';

const rejected = named(
  'Rejected',
  'A request that was refused after it had been read, with what would have been right.',
  z.object({
    requestId: guid,
    rejectedAt: time,
    source: z.string(),
    provider: z.string(),
    code: z.string(),
    reason: z.string(),
    diagnosis: z.string(),
    what: z.string().describe("The signature doctor's words."),
    fix: z.string(),
    method: z.string(),
    url: z.string().describe('Without its query.'),
    headers: z
      .array(z.object({ name: z.string(), length: count }))
      .describe('Those that are known, with the lengths of their values.'),
    otherHeaders: count,
    bodyBytes: count,
    bodySha256: z.string(),
    secrets: count.describe('Live ones that were tried.'),
    tried: z.record(z.string(), count).describe('Checks by the kind of variant.'),
    secretIndex: z.number().int().nullable().describe('The place of the secret that proves the variant.'),
    skewMs: z.number().nullable().describe('From the signed time to the arrival.'),
  }),
);

const rejectedPage = pageOf('RejectedPage', 'Refused requests, the newest first.', rejected);

export const rejectedRoutes = {
  listRejected: {
    method: 'get',
    path: '/rejected',
    summary: 'Requests that were refused, with a diagnosis, the newest first',
    scope: 'view',
    tenants: 'own',
    params: none,
    query: z.strictObject({ ...paging, source: name.optional() }),
    body: null,
    status: 200,
    answer: rejectedPage,
    media: [],
  },
  readRejected: {
    method: 'get',
    path: '/rejected/{id}',
    summary: 'One refused request, by its request id: what was tried, and what would have been right',
    scope: 'view',
    tenants: 'own',
    params: byId,
    query: none,
    body: null,
    status: 200,
    answer: rejected,
    media: [],
  },
} as const satisfies Routes;
