import { setTimeout as delay } from 'node:timers/promises';
import type { DestinationConfig } from '@ackline/shared/config/types';
import { decodeMeta } from '@ackline/shared/envelope-codec';
import { newEventId } from '@ackline/shared/event-id';
import type { FanOut, FanOutRule } from '@ackline/shared/routing/fan-out';
import { open } from '@ackline/shared/seal';
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import { ensureDayPartitions } from '@ackline/store/day-partitions';
import {
  insertDeliveries,
  type NewDelivery,
  type SweptLeases,
  sweepExpiredLeases,
} from '@ackline/store/deliveries';
import { setRouting, takeUnrouted, type UnroutedEvent } from '@ackline/store/events';
import { inTransaction } from '@ackline/store/transaction';
import type { Pool } from 'pg';
import { decideLate } from './storing/decide-late.ts';
import { newDelivery } from './storing/new-delivery.ts';

/** Expired leases are looked for this often: what a killed processor held is sent again this much after its lease. */
const SWEEP_EVERY_MS = 1_000;
/** Partitions exist seven days ahead; an hour leaves room for many failures. */
const PARTITIONS_EVERY_MS = 60 * 60_000;
const PARTITIONS_RETRY_MS = 60_000;
const UNROUTED_BATCH = 200;

export interface UpkeepDeps {
  readonly pool: Pool;
  readonly fanOut: FanOutRule;
  readonly sources: readonly string[];
  readonly destinations: ReadonlyMap<string, DestinationConfig>;
  readonly log: Logger;
  readonly onSwept: (swept: SweptLeases) => void;
  readonly onRouted: () => void;
}

/** What has to be done from time to time by some processor; any number may do it at once. */
export function createUpkeep(deps: UpkeepDeps): Component {
  const blocking = [...deps.destinations.values()].filter(d => d.onPark === 'block').map(d => d.name);
  let partitionsAt = 0;

  async function round(): Promise<void> {
    const swept = await sweepExpiredLeases(deps.pool, blocking);
    if (swept.interrupted > 0) deps.onSwept(swept);
    if (performance.now() >= partitionsAt) {
      partitionsAt = performance.now() + PARTITIONS_EVERY_MS;
      // A long reader of the tables (a backup) makes it fail: days are in hand, and the rest of the round goes on.
      await ensureDayPartitions(deps.pool).catch((error: unknown) => {
        partitionsAt = performance.now() + PARTITIONS_RETRY_MS;
        deps.log.warn({ err: error }, 'partitions.not-created');
      });
    }
    while ((await routeUnrouted(deps)) > 0) deps.onRouted();
  }

  return {
    name: 'upkeep',
    async run(signal) {
      while (!signal.aborted) {
        await round().catch((error: unknown) => deps.log.error({ err: error }, 'upkeep.failed'));
        await delay(SWEEP_EVERY_MS, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

/**
 * Fans out events that were stored before this processor knew their source; returns how many it took. They keep their
 * place in the order.
 */
export async function routeUnrouted(
  deps: Pick<UpkeepDeps, 'pool' | 'fanOut' | 'sources' | 'destinations' | 'log'>,
): Promise<number> {
  return inTransaction(deps.pool, async client => {
    const events = await takeUnrouted(client, deps.sources, UNROUTED_BATCH);
    if (events.length === 0) return 0;
    const decided = await decideLate(client, events, deps.fanOut);
    const deliveries = decided.flatMap(({ event, fanOut }) => deliveriesOf(event, fanOut, deps.destinations));
    if (deliveries.length > 0) await insertDeliveries(client, deliveries);
    await setRouting(
      client,
      decided.map(({ event, fanOut }) => ({
        seq: event.seq,
        storedDay: event.storedDay,
        routing: fanOut.routing,
      })),
    );
    deps.log.info({ count: events.length }, 'events.routed-late');
    return events.length;
  });
}

function deliveriesOf(
  event: UnroutedEvent,
  fanOut: FanOut,
  destinations: ReadonlyMap<string, DestinationConfig>,
): readonly NewDelivery[] {
  if (fanOut.routing !== 'routed') return [];
  const { notBefore } = decodeMeta(open({ keyId: event.keyId, bytes: event.meta }));
  return fanOut.routes.map(route =>
    newDelivery({ id: newEventId(), event: { ...event, notBefore }, route, destinations }),
  );
}
