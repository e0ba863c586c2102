import { discardBatch } from '@ackline/store/discard';
import { pageParked, type ParkedDelivery } from '@ackline/store/parked';
import { readCauses } from '@ackline/store/parked-causes';
import { listQuarantined } from '@ackline/store/quarantine-list';
import type { Pool } from 'pg';
import { type Caller, tenantOf } from '../access/caller.ts';
import type { ShowKey, ShowKeysTo } from '../access/shown-keys.ts';
import type { parkedRoutes } from '../api/parked.ts';
import type { CallsOf } from './call.ts';
import { readTimeCursor, timeCursor } from './cursors.ts';

export interface ParkedCallsDeps {
  readonly reads: Pool;
  readonly changes: Pool;
  readonly showKeysTo: ShowKeysTo;
}

export function createParkedCalls({
  reads,
  changes,
  showKeysTo,
}: ParkedCallsDeps): CallsOf<typeof parkedRoutes> {
  return {
    async listParked({ query: { limit, cursor, keys, ...filter }, caller }) {
      const search = { ...filter, tenant: tenantOf(caller, filter.tenant) };
      const showKey = await showKeysTo(caller, { keys });
      const page = await pageParked(reads, search, { before: readTimeCursor(cursor), limit });
      return {
        json: {
          items: page.found.map(delivery => shownParked(delivery, { caller, showKey })),
          next: page.last === null ? null : timeCursor(page.last.place),
          scannedTo: page.isCut && page.last !== null ? page.last.parkedAt.toISOString() : null,
        },
      };
    },
    async listCauses({ query, caller }) {
      const causes = await readCauses(reads, tenantOf(caller, query.tenant) ?? null);
      return {
        json: {
          items: causes.map(({ firstAt, lastAt, ...cause }) => ({
            ...cause,
            firstAt: firstAt.toISOString(),
            lastAt: lastAt.toISOString(),
          })),
        },
      };
    },
    async discardCause({ body, caller }) {
      const discarded = await discardBatch(changes, { ...body, actor: caller.name, tenant: caller.tenant });
      return { json: { discarded } };
    },
    async listQuarantined({ query }) {
      const { total, hasMore, records } = await listQuarantined(reads, query);
      const items = records.map(record => ({ ...record, quarantinedAt: record.quarantinedAt.toISOString() }));
      return { json: { total, hasMore, items } };
    },
  };
}

function shownParked(
  delivery: ParkedDelivery,
  { caller, showKey }: { readonly caller: Caller; readonly showKey: ShowKey },
) {
  const { id, eventId, source, tenant, route, destination, reason, cause, tries, blocks } = delivery;
  return {
    id,
    eventId,
    source,
    tenant,
    route,
    destination,
    orderingKey: showKey(source, delivery.orderingKey),
    reason,
    cause,
    tries,
    parkedAt: delivery.parkedAt.toISOString(),
    blocks,
    lastStatus: delivery.lastAttempt?.status ?? null,
    lastError: delivery.lastAttempt?.error ?? null,
    lastExcerpt: caller.scopes.has('payload') ? (delivery.lastAttempt?.excerpt ?? null) : null,
  };
}
