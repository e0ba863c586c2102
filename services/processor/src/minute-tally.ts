import type { EnvelopeMeta } from '@ackline/shared/envelope';
import type { SweptLeases } from '@ackline/store/expired-leases';
import type { DeliveryTotals, MinuteTotals, SourceTotals } from '@ackline/store/totals';
import type { FinishedAttempt } from './delivery/outcomes/outcome.ts';
import type { ProcessorMetrics } from './metrics.ts';
import type { StoredBatch } from './storing/store-events.ts';

/** Of each kind in a minute; the names of sources come with the events. What comes on top of so many is in no total. */
const MAX_ROWS = 5_000;

/** What this processor stored and delivered since it was asked last: plain numbers, counted after each commit (MT1). */
export interface MinuteTally {
  stored(batch: Pick<StoredBatch, 'fresh'>): void;
  attempted(
    destination: string,
    attempt: Pick<FinishedAttempt, 'outcome'>,
    of: Pick<EnvelopeMeta, 'source' | 'tenant'>,
  ): void;
  /** Leases that ended without an outcome once too often. */
  swept(swept: Pick<SweptLeases, 'parked'>): void;
  /** Begins anew; null: nothing happened. */
  take(): MinuteTotals | null;
}

type Counting<Row> = { -readonly [Field in keyof Row]: Row[Field] };

export function createMinuteTally(): MinuteTally {
  let sources = new Map<string, Counting<SourceTotals>>();
  let deliveries = new Map<string, Counting<DeliveryTotals>>();

  function deliveryOf(destination: string, { source, tenant }: { source: string; tenant: string }) {
    return rowOf(deliveries, [source, tenant, destination], () => ({
      source,
      tenant,
      destination,
      delivered: 0,
      failed: 0,
      parked: 0,
    }));
  }

  return {
    stored({ fresh }) {
      for (const { meta, tier } of fresh) {
        const { source, tenant } = meta;
        const row = rowOf(sources, [source, tenant], () => ({ ...NOTHING, source, tenant }));
        if (tier === 'kafka') row.storedKafka += 1;
        else row.storedInbox += 1;
      }
    },
    attempted(destination, { outcome }, of) {
      if (outcome.kind === 'hold') return; // it was not tried, or has to wait
      const row = deliveryOf(destination, of);
      if (outcome.kind === 'delivered') row.delivered += 1;
      else row.failed += 1;
      if (outcome.kind === 'park') row.parked += 1;
    },
    swept({ parked }) {
      for (const { destination, ...of } of parked) deliveryOf(destination, of).parked += 1;
    },
    take() {
      const taken = { sources: [...sources.values()], deliveries: [...deliveries.values()] };
      sources = new Map();
      deliveries = new Map();
      return taken.sources.length + taken.deliveries.length === 0 ? null : taken;
    },
  };
}

const NOTHING = {
  acceptedKafka: 0,
  acceptedInbox: 0,
  acceptedSpool: 0,
  acks: [],
  storedKafka: 0,
  storedInbox: 0,
};

function rowOf<Row>(rows: Map<string, Row>, names: readonly string[], make: () => Row): Row {
  const key = JSON.stringify(names);
  const known = rows.get(key);
  if (known !== undefined) return known;
  const made = make();
  if (rows.size < MAX_ROWS) rows.set(key, made);
  return made;
}

/** The same metrics, with what is stored and tried in the tally too. */
export function withMinutes(metrics: ProcessorMetrics, tally: MinuteTally): ProcessorMetrics {
  return {
    ...metrics,
    stored(batch, from) {
      tally.stored(batch);
      metrics.stored(batch, from);
    },
    attempted(destination, attempt, of) {
      tally.attempted(destination, attempt, of);
      metrics.attempted(destination, attempt, of);
    },
  };
}
