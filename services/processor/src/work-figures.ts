import { setTimeout as delay } from 'node:timers/promises';
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import type { MetricFactory } from '@ackline/runtime/metric-factory';
import { countWork, type ParkedCount, type WorkCounts } from '@ackline/store/work-figures';
import type { Pool } from 'pg';

/** A scrape every 15 s finds new figures each time; the queries are bounded, and cost PostgreSQL little at this pace. */
const EVERY_MS = 15_000;
/** Causes that are shown by name; the rest is one figure, so that the labels stay few. */
const MAX_SHOWN_CAUSES = 20;
const OTHER_CAUSES = 'other';

export interface WorkFiguresDeps {
  readonly pool: Pool;
  readonly metrics: MetricFactory;
  /** Those that are configured. */
  readonly destinations: () => readonly string[];
  /** Paused, its breaker open, or configured no longer. */
  readonly isHeld: (destination: string) => boolean;
  readonly log: Pick<Logger, 'warn'>;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/** What PostgreSQL holds, read in the background and never for a scrape. Each processor shows the same. */
export function createWorkFigures(deps: WorkFiguresDeps): Component {
  const { pool, log, now = () => performance.now() } = deps;
  let figures: WorkCounts | null = null;
  let readAt = now();
  let isFailing = false;

  registerFigures(deps, () => figures);
  deps.metrics.read('workFiguresAge', () => (now() - readAt) / 1_000);

  async function read(): Promise<void> {
    figures = await countWork(pool, deps.destinations());
    readAt = now();
  }

  async function tryRead(): Promise<void> {
    try {
      await read();
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.warn({ err: error }, 'figures.not-read');
      isFailing = true;
    }
  }

  return {
    name: 'work-figures',
    async run(signal) {
      while (!signal.aborted) {
        await tryRead();
        await delay(EVERY_MS, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

function registerFigures(
  { metrics, destinations, isHeld }: WorkFiguresDeps,
  figures: () => WorkCounts | null,
): void {
  metrics.read('deliveriesOpen', () =>
    (figures()?.open ?? []).map(({ destination, state, count }) => [{ destination, state }, count]),
  );
  metrics.read('deliveriesOldestAge', () => {
    const known = figures();
    if (known === null) return [];
    const ages = new Map(destinations().map(name => [name, 0]));
    for (const { destination, oldestS } of known.open) {
      if (oldestS !== null) ages.set(destination, Math.max(oldestS, ages.get(destination) ?? 0));
    }
    return [...ages].map(([destination, age]) => [{ destination }, age]);
  });
  metrics.read('deliveriesHeld', () =>
    (figures()?.open ?? [])
      .filter(({ destination, state }) => state === 'due' && isHeld(destination))
      .map(({ destination, count }) => [{ destination }, count]),
  );
  metrics.read('deliveriesParked', () =>
    shownCauses(figures()?.parked ?? []).map(({ cause, count }) => [{ cause }, count]),
  );
  metrics.read('eventsUnrouted', () => figures()?.unrouted.count ?? null);
  metrics.read('eventsUnroutedOldestAge', () => {
    const known = figures();
    return known === null ? null : (known.unrouted.oldestS ?? 0);
  });
  metrics.read('recordsQuarantined', () => figures()?.quarantined ?? null);
}

/** The most frequent by name, and the rest together; that figure is there from the start. */
function shownCauses(parked: readonly ParkedCount[]): readonly Pick<ParkedCount, 'cause' | 'count'>[] {
  const rest = parked.slice(MAX_SHOWN_CAUSES);
  const others = rest.reduce((sum, { count }) => sum + count, 0);
  return [...parked.slice(0, MAX_SHOWN_CAUSES), { cause: OTHER_CAUSES, count: others }];
}
