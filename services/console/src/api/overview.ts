import { z } from 'zod';
import { count, named, time } from './named-schemas.ts';
import { none } from './queries.ts';
import type { Routes } from './route.ts';

const counts = z.array(count);
const times = z.array(z.number().nonnegative().nullable());
const ms = z.number().nonnegative().nullable();
const measuredAt = time.describe('When it was so, by the clock of who measured it.');

const points = named(
  'OverviewPoints',
  'What happened, in columns: each array has a place for each of `at`.',
  z.object({
    at: z.array(time).describe('The beginnings of the steps.'),
    accepted: z
      .object({ kafka: counts, inbox: counts, spool: counts })
      .describe('Events that were answered with a 2xx, by the tier that had them first.'),
    stored: counts.describe('Events.'),
    answers: counts.describe('Whose times the percentiles are of.'),
    ackP50Ms: times.describe('From the head of an event to its answer; null: there was none.'),
    ackP95Ms: times,
    ackP99Ms: times,
    delivered: counts,
    failed: counts.describe('Attempts that did not deliver.'),
    parked: counts,
  }),
);

const sourceRate = z.object({ source: z.string(), tenant: z.string(), accepted: counts, stored: counts });

const breakers = z.object({
  items: z
    .array(
      z.object({
        destination: z.string(),
        breaker: z.enum(['closed', 'open', 'half open', 'recovering']),
        probeInMs: z.number().nullable(),
        paused: z.boolean(),
      }),
    )
    .describe('Destinations that are paused, or whose breaker is not closed.'),
  closed: count.describe('The others.'),
  measuredAt,
});

const overview = named(
  'Overview',
  'How it goes: totals over time, and what is so now.',
  z.object({
    since: time.describe('Of the first point: `since` of the call on the grid of the steps.'),
    until: time,
    stepS: count.describe('Seconds from point to point.'),
    totals: z
      .literal('kept per minute')
      .describe(
        'Where all but `now` comes from: each process counts, and adds what it has once a minute. One that was killed has not told its last minute.',
      ),
    completeUntil: time.describe('What came later may not be told yet.'),
    points,
    sources: z.array(sourceRate).describe('The busiest, in columns as `points`.'),
    destinations: z
      .array(z.object({ destination: z.string(), delivered: count, failed: count, parked: count }))
      .describe('Of the whole time, the busiest first.'),
    now: z.object({
      acks: z
        .object({ answers: count, p50Ms: ms, p95Ms: ms, p99Ms: ms, measuredAt })
        .nullable()
        .describe('Of the last minutes that were told; null: nothing came in them.'),
      tier: z
        .object({ inUse: z.enum(['kafka', 'inbox', 'spool']), measuredAt })
        .nullable()
        .describe(
          'That which took most in the last minute that was told; null: nothing came in the last minutes.',
        ),
      lag: z
        .object({
          seconds: z.number().nonnegative().describe('Since the oldest event that is not stored yet came.'),
          waiting: count.describe('Events that are not stored yet.'),
          measuredAt,
        })
        .nullable()
        .describe('null: no processor runs, or the token is of one tenant.'),
      breakers: breakers.nullable().describe('null: the token is of one tenant.'),
      parked: z.object({
        count,
        hasMore: z.boolean().describe('`count` is where counting ended: there are at least so many.'),
        measuredAt,
      }),
      replays: z.object({ pending: count.describe('Announced, under way or stopped.'), measuredAt }),
    }),
  }),
);

export const overviewRoutes = {
  readOverview: {
    method: 'get',
    path: '/overview',
    summary: 'Acknowledgement times, rates, lag, tier, breakers, what is parked: over up to 30 days, and now',
    scope: 'view',
    tenants: 'own',
    params: none,
    query: z.strictObject({
      since: time.optional().describe('Of up to 30 days ago; an hour ago where it is left out.'),
    }),
    body: null,
    status: 200,
    answer: overview,
    media: [],
  },
} as const satisfies Routes;
