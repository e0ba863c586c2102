import type { AcklineConfig } from '@ackline/shared/config/types';
import { ackPercentile } from '@ackline/store/ack-buckets';
import { countParkedUpTo } from '@ackline/store/parked';
import { isAlive, type ProcessorState, readProcessorStates } from '@ackline/store/processors';
import { countPendingReplays } from '@ackline/store/replays';
import { readSourcePoints, type SourcePoint } from '@ackline/store/totals-history';
import { describeDestinations, readKnownOfDestinations } from '@ackline/store/destination-rows';
import type { Pool } from 'pg';
import { z } from 'zod';
import type { overviewRoutes } from '../api/overview.ts';

type Now = z.input<typeof overviewRoutes.readOverview.answer>['now'];

/** Of so many minutes the percentiles are: one alone has too few answers to have any. */
const RECENT_MS = 5 * 60_000;
const MINUTE_S = 60;

interface Asked {
  /** null: all. */
  readonly tenant: string | null;
  readonly nowMs: number;
  /** Up to here all is told. */
  readonly completeMs: number;
  readonly ackline: AcklineConfig;
}

/** What is so now; of all tenants alone what is of no tenant. */
export async function readNow(reads: Pool, { tenant, nowMs, completeMs, ackline }: Asked): Promise<Now> {
  const measuredAt = () => new Date().toISOString();
  const since = new Date(completeMs - RECENT_MS);
  const recent = (await readSourcePoints(reads, { since, stepS: MINUTE_S, tenant })).filter(
    ({ at }) => at.getTime() < completeMs,
  );
  const isOfAll = tenant === null;
  return {
    acks: acksOf(recent, completeMs),
    tier: tierOf(recent),
    lag: isOfAll ? lagOf(await readProcessorStates(reads), nowMs) : null,
    breakers: isOfAll ? { ...(await readBreakers(reads, ackline)), measuredAt: measuredAt() } : null,
    parked: { ...(await countParkedUpTo(reads, tenant)), measuredAt: measuredAt() },
    replays: { pending: await countPendingReplays(reads, tenant), measuredAt: measuredAt() },
  };
}

function acksOf(recent: readonly SourcePoint[], completeMs: number): Now['acks'] {
  const counts = recent.reduce<readonly number[]>(
    (sum, { acks }) => acks.map((count, place) => count + (sum[place] ?? 0)),
    [],
  );
  const answers = counts.reduce((sum, count) => sum + count, 0);
  if (answers === 0) return null;
  return {
    answers,
    p50Ms: ackPercentile(counts, 0.5),
    p95Ms: ackPercentile(counts, 0.95),
    p99Ms: ackPercentile(counts, 0.99),
    measuredAt: new Date(completeMs).toISOString(),
  };
}

/** Of the newest minute in which something came. */
function tierOf(recent: readonly SourcePoint[]): Now['tier'] {
  for (const { at, acceptedKafka, acceptedInbox, acceptedSpool } of recent.toReversed()) {
    const taken = [
      ['kafka', acceptedKafka],
      ['inbox', acceptedInbox],
      ['spool', acceptedSpool],
    ] as const;
    const [inUse, most] = taken.reduce((best, each) => (each[1] > best[1] ? each : best));
    if (most > 0) return { inUse, measuredAt: new Date(at.getTime() + MINUTE_S * 1_000).toISOString() };
  }
  return null;
}

/** What a processor says of what it has before it. What has another form was written by another release. */
const said = z.object({
  intake: z.object({
    inbox: z.object({ rows: z.number(), oldestAgeMs: z.number() }).nullable(),
    kafka: z.object({ lag: z.number(), lagSince: z.number().nullable() }).nullable(),
  }),
});

/** All processors see the same inbox, and each its own part of the topic. */
function lagOf(processors: readonly ProcessorState[], nowMs: number): Now['lag'] {
  const alive = processors.filter(isAlive).flatMap(({ ageMs, state }) => {
    const { data } = said.safeParse(state);
    return data !== undefined ? [{ ageMs, ...data.intake }] : [];
  });
  if (alive.length === 0) return null;
  const ages = alive.flatMap(({ ageMs, inbox, kafka }) => [
    inbox === null || inbox.rows === 0 ? 0 : inbox.oldestAgeMs + ageMs,
    kafka?.lagSince == null ? 0 : nowMs - kafka.lagSince,
  ]);
  const inboxRows = Math.max(...alive.map(({ inbox }) => inbox?.rows ?? 0));
  const records = alive.reduce((sum, { kafka }) => sum + (kafka?.lag ?? 0), 0);
  return {
    seconds: Math.max(0, ...ages) / 1_000,
    waiting: inboxRows + records,
    measuredAt: new Date(nowMs - Math.max(...alive.map(({ ageMs }) => ageMs))).toISOString(),
  };
}

async function readBreakers(reads: Pool, ackline: AcklineConfig) {
  const rows = describeDestinations(ackline, await readKnownOfDestinations(reads, ackline));
  const troubled = rows.filter(({ breaker, paused }) => breaker !== 'closed' || paused);
  return {
    items: troubled.map(({ name, breaker, probeInMs, paused }) => ({
      destination: name,
      breaker,
      probeInMs,
      paused,
    })),
    closed: rows.length - troubled.length,
  };
}
