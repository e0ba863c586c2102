import { ACK_BOUNDS_MS } from '@ackline/store/ack-buckets';
import type { MinuteTotals, SourceTotals } from '@ackline/store/totals';
import { ackMsOf, type IngressMetrics } from './ingress-metrics.ts';
import { TimeCounts } from './time-histogram.ts';

/** What this process answered since it was asked last: a few additions a request (MT1). */
export interface MinuteTally {
  /** `ms`: from the head to the answer, as ackline_ingress_ack_seconds has it. */
  acked(source: string, ms: number): void;
  accepted(source: string, tier: string): void;
  /**
   * Begins anew; null: nothing happened. `sources`: as they are configured now, with their tenants. One that is not any more is left
   * out.
   */
  take(sources: readonly { readonly name: string; readonly tenant: string }[]): MinuteTotals | null;
}

interface SourceMinute {
  readonly acks: TimeCounts;
  kafka: number;
  inbox: number;
  spool: number;
}

export function createMinuteTally(): MinuteTally {
  let minutes = new Map<string, SourceMinute>();

  function of(source: string): SourceMinute {
    const known = minutes.get(source);
    if (known !== undefined) return known;
    const minute = { acks: new TimeCounts(1, ACK_BOUNDS_MS), kafka: 0, inbox: 0, spool: 0 };
    minutes.set(source, minute);
    return minute;
  }

  return {
    acked: (source, ms) => of(source).acks.add(0, ms),
    accepted(source, tier) {
      if (tier === 'kafka' || tier === 'inbox' || tier === 'spool') of(source)[tier] += 1;
    },
    take(sources) {
      const taken = minutes;
      minutes = new Map();
      const told = sources.flatMap(({ name, tenant }) => {
        const minute = taken.get(name);
        return minute === undefined ? [] : [totalsOf({ source: name, tenant }, minute)];
      });
      return told.length === 0 ? null : { sources: told, deliveries: [] };
    },
  };
}

function totalsOf(
  of: Pick<SourceTotals, 'source' | 'tenant'>,
  { acks, kafka, inbox, spool }: SourceMinute,
): SourceTotals {
  return {
    ...of,
    acceptedKafka: kafka,
    acceptedInbox: inbox,
    acceptedSpool: spool,
    acks: [...acks.counts],
    storedKafka: 0,
    storedInbox: 0,
  };
}

/** The same metrics, with every answer to an event in the tally too. */
export function withMinutes(metrics: IngressMetrics, tally: MinuteTally): IngressMetrics {
  return {
    ...metrics,
    finished(source, result, timesMs) {
      const ms = ackMsOf(result, timesMs);
      if (ms !== null) tally.acked(source, ms);
      metrics.finished(source, result, timesMs);
    },
    appended(source, tier) {
      tally.accepted(source, tier);
      metrics.appended(source, tier);
    },
  };
}
