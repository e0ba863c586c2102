import { z } from 'zod';
import { count, named, place, time } from './named-schemas.ts';
import { none } from './queries.ts';
import type { Routes } from './route.ts';

const secret = named(
  'Secret',
  'A secret of a source: never its value.',
  z.object({
    reference: z.string().describe('Where its value is read: `env NAME` or `file PATH`.'),
    place: place.nullable(),
    firstListedAt: time
      .nullable()
      .describe('Since an ingress has it; null: none has, or its value is not known here.'),
    hasValue: z.boolean().describe('It is known here; else nothing is known of its uses.'),
    listedAgeMs: z.number().nullable().describe('Since an ingress last had it.'),
    lastUsedAt: time.nullable(),
    lastUsedAgeMs: z.number().nullable(),
    uses: count,
    othersSince: count.describe('Requests that the other secrets of the source have proved since.'),
    safeToRemove: z.boolean(),
  }),
);

const source = named(
  'Source',
  'A source as it is configured.',
  z.object({
    name: z.string(),
    provider: z.string(),
    tenant: z.string(),
    path: z.string(),
    aliases: z.array(z.string()),
    url: z.string().nullable().describe('What the provider is to call; null: no publicUrl is configured.'),
    place: place.nullable(),
    secrets: z.array(secret),
  }),
);

const sources = named('Sources', 'The sources.', z.object({ items: z.array(source) }));

export const sourceRoutes = {
  listSources: {
    method: 'get',
    path: '/sources',
    summary: 'Sources with the URL for the provider, and their secrets by age and last use',
    scope: 'view',
    tenants: 'own',
    params: none,
    query: none,
    body: null,
    status: 200,
    answer: sources,
    media: [],
  },
} as const satisfies Routes;
