import { AppError } from '@ackline/shared/app-error';
import { ackPercentile } from '@ackline/store/ack-buckets';
import { KEPT_DAYS } from '@ackline/store/totals';
import {
  type DeliveryPoint,
  type HistorySearch,
  readDeliveryTotals,
  readRatedSources,
  readSourcePoints,
  type SourcePoint,
} from '@ackline/store/totals-history';
import type { Pool } from 'pg';
import type { z } from 'zod';
import { tenantOf } from '../access/caller.ts';
import type { overviewRoutes } from '../api/overview.ts';
import type { Declared } from '../declared.ts';
import type { CallsOf } from './call.ts';
import { readNow } from './overview-now.ts';

export interface OverviewCallsDeps {
  readonly reads: Pool;
  readonly declared: () => Declared;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MINUTE_MS = 60_000;
/** A minute is told within some seconds of its end. */
const TOLD_WITHIN_MS = 10_000;

/**
 * Points of a step, and how far back they go: 360 at most, and never finer than the rows are that old (FOLDS of the store's totals).
 */
const STEPS: readonly { readonly stepS: number; readonly overMs: number }[] = [
  { stepS: 60, overMs: 6 * HOUR_MS },
  { stepS: 600, overMs: 60 * HOUR_MS },
  { stepS: 3_600, overMs: 15 * DAY_MS },
];
const LONGEST_STEP_S = 10_800;

export function createOverviewCalls({
  reads,
  declared,
  now = Date.now,
}: OverviewCallsDeps): CallsOf<typeof overviewRoutes> {
  return {
    async readOverview({ query, caller }) {
      const nowMs = now();
      const tenant = tenantOf(caller, undefined) ?? null;
      const range = rangeOf(query.since, nowMs);
      const search: HistorySearch = { since: new Date(range.sinceMs), stepS: range.stepS, tenant };
      const completeMs = Math.floor((nowMs - TOLD_WITHIN_MS) / MINUTE_MS) * MINUTE_MS;
      const history = await readHistory(reads, search, range);
      return {
        json: {
          since: iso(range.sinceMs),
          until: iso(nowMs),
          stepS: range.stepS,
          totals: 'kept per minute',
          completeUntil: iso(completeMs),
          ...history,
          now: await readNow(reads, { tenant, nowMs, completeMs, ackline: declared().ackline }),
        },
      };
    },
  };
}

interface Range {
  readonly sinceMs: number;
  readonly stepS: number;
  /** Where each point begins: epoch milliseconds. */
  readonly at: readonly number[];
}

/** Throws ACKLINE_CALL_INVALID. */
function rangeOf(since: string | undefined, nowMs: number): Range {
  const asked = since === undefined ? nowMs - HOUR_MS : Date.parse(since);
  if (asked > nowMs) throw new AppError('ACKLINE_CALL_INVALID', 'In the query: since: is yet to come');
  const askedMs = Math.max(asked, nowMs - KEPT_DAYS * DAY_MS);
  const stepS = STEPS.find(({ overMs }) => nowMs - askedMs <= overMs)?.stepS ?? LONGEST_STEP_S;
  const stepMs = stepS * 1_000;
  const sinceMs = Math.floor(askedMs / stepMs) * stepMs;
  const points = Math.floor((nowMs - sinceMs) / stepMs) + 1;
  return { sinceMs, stepS, at: Array.from({ length: points }, (_, place) => sinceMs + place * stepMs) };
}

type History = Pick<
  z.input<typeof overviewRoutes.readOverview.answer>,
  'points' | 'sources' | 'destinations'
>;

async function readHistory(reads: Pool, search: HistorySearch, { at }: Range): Promise<History> {
  const sources = placed(await readSourcePoints(reads, search), at);
  const sentTotals = await readDeliveryTotals(reads, search);
  const deliveries = placed(sentTotals.points, at);
  const rated = await readRatedSources(reads, search);
  const sum = (read: (point: SourcePoint) => number) =>
    sources.map(point => (point === null ? 0 : read(point)));
  const sent = (read: (point: DeliveryPoint) => number) =>
    deliveries.map(point => (point === null ? 0 : read(point)));
  const percentile = (part: number) =>
    sources.map(point => (point === null ? null : ackPercentile(point.acks, part)));
  return {
    points: {
      at: at.map(iso),
      accepted: {
        kafka: sum(point => point.acceptedKafka),
        inbox: sum(point => point.acceptedInbox),
        spool: sum(point => point.acceptedSpool),
      },
      stored: sum(point => point.storedKafka + point.storedInbox),
      answers: sum(({ acks }) => acks.reduce((all, count) => all + count, 0)),
      ackP50Ms: percentile(0.5),
      ackP95Ms: percentile(0.95),
      ackP99Ms: percentile(0.99),
      delivered: sent(point => point.delivered),
      failed: sent(point => point.failed),
      parked: sent(point => point.parked),
    },
    sources: rated.map(({ source, tenant, points }) => {
      const own = placed(
        points.map(point => ({ ...point, at: new Date(point.at) })),
        at,
      );
      return {
        source,
        tenant,
        accepted: own.map(point => point?.accepted ?? 0),
        stored: own.map(point => point?.stored ?? 0),
      };
    }),
    destinations: [...sentTotals.destinations],
  };
}

/** At each of these times what is of it; null: nothing happened. */
function placed<Point extends { readonly at: Date }>(
  points: readonly Point[],
  at: readonly number[],
): readonly (Point | null)[] {
  const byTime = new Map(points.map(point => [point.at.getTime(), point]));
  return at.map(ms => byTime.get(ms) ?? null);
}

const iso = (ms: number) => new Date(ms).toISOString();
