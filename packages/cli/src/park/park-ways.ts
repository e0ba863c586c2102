import type { ConsoleClient, ConsoleSchemas } from '@ackline/console-client/client';
import { AppError } from '@ackline/shared/app-error';
import type { AttemptRecord } from '@ackline/store/deliveries';
import { listParked, type ParkedDelivery, type ParkedFilter } from '@ackline/store/parked';
import { readHideKey } from '@ackline/store/hidden-keys';
import { listCauses, type ReadCause } from '@ackline/store/parked-causes';
import { listQuarantined, type QuarantineList } from '@ackline/store/quarantine-list';
import type { Pool } from 'pg';
import { shownKeys } from '../remote/console-options.ts';
import { answerOf, firstOf } from '../remote/with-console.ts';

/** A delivery as it is listed. */
export type ListedParked = Omit<ParkedDelivery, 'lastAttempt'> & {
  readonly lastAttempt: Pick<AttemptRecord, 'status' | 'error' | 'excerpt'> | null;
};

interface ParkSearch extends ParkedFilter {
  readonly limit: number;
}

interface KeySearch extends ParkSearch {
  /** `--keys`. */
  readonly keys: true | undefined;
}

/** What is parked, by the database or by a console. */
export interface ParkWays {
  causes(search: ParkSearch): Promise<readonly ReadCause[]>;
  deliveries(search: KeySearch): Promise<readonly ListedParked[]>;
  /** null: it is not for who asks. */
  quarantined(limit: number): Promise<QuarantineList | null>;
}

export function storedPark(pool: Pool): ParkWays {
  return {
    causes: async search => (await listCauses(pool, search)).map(cause => ({ ...cause, hasMore: false })),
    async deliveries({ keys, ...search }) {
      const found = await listParked(pool, search);
      if (keys === true) return found;
      const hide = await readHideKey(pool);
      return found.map(delivery => {
        const { source, orderingKey } = delivery;
        return { ...delivery, orderingKey: orderingKey === null ? null : hide(source, orderingKey) };
      });
    },
    quarantined: limit => listQuarantined(pool, { limit }),
  };
}

export function remotePark(client: ConsoleClient): ParkWays {
  return {
    async causes({ destination, limit }) {
      const { items } = await answerOf(client.GET('/api/v1/parked/causes'));
      const asked = items.filter(cause => destination === undefined || cause.destination === destination);
      return asked.slice(0, limit).map(cause => ({
        ...cause,
        firstAt: new Date(cause.firstAt),
        lastAt: new Date(cause.lastAt),
      }));
    },
    async deliveries({ limit, keys, ...filter }) {
      const asked = { ...filter, ...shownKeys(keys) };
      const found = await firstOf(limit, page =>
        answerOf(client.GET('/api/v1/parked', { params: { query: { ...page, ...asked } } })),
      );
      return found.map(remoteParked);
    },
    async quarantined(limit) {
      try {
        const call = client.GET('/api/v1/parked/quarantined', { params: { query: { limit } } });
        const { total, hasMore, items } = await answerOf(call);
        return {
          total,
          hasMore,
          records: items.map(item => ({ ...item, quarantinedAt: new Date(item.quarantinedAt) })),
        };
      } catch (error) {
        // A record that is no event has no tenant: it is for who may see all of them.
        if (error instanceof AppError && error.code === 'ACKLINE_NOT_ALLOWED') return null;
        throw error;
      }
    },
  };
}

function remoteParked({
  lastStatus: status,
  lastError: error,
  lastExcerpt: excerpt,
  ...delivery
}: ConsoleSchemas['ParkedDelivery']): ListedParked {
  return { ...delivery, parkedAt: new Date(delivery.parkedAt), lastAttempt: { status, error, excerpt } };
}
