import type { ConsoleClient } from '@ackline/console-client/client';
import { operatorName } from '@ackline/runtime/operator-name';
import { discardCause, discardDelivery } from '@ackline/store/discard';
import { countCause, type ReadCause } from '@ackline/store/parked-causes';
import type { Pool } from 'pg';
import { missing } from '../delivery-id.ts';
import { answerOf } from '../remote/with-console.ts';

/** Discarding by the database or by a console. */
export interface DiscardWays {
  /** Rejects with ACKLINE_NOT_FOUND, and what else is wrong. */
  one(id: string): Promise<void>;
  count(cause: string): Promise<CountedOfCause>;
  /** Of what was counted; returns how many. */
  all(cause: string, counted: CountedOfCause, onProgress: (discarded: number) => void): Promise<number>;
}

interface CountedOfCause extends Pick<ReadCause, 'count' | 'hasMore'> {
  /** What is parked later was not counted, and stays. */
  readonly parkedUntil: string;
}

export function storedDiscards(pool: Pool): DiscardWays {
  const actor = operatorName();
  return {
    async one(id) {
      if (!(await discardDelivery(pool, id, actor))) throw await missing(pool, 'parked delivery', id);
    },
    async count(cause) {
      const { count, countedAt } = await countCause(pool, cause);
      return { count, hasMore: false, parkedUntil: countedAt };
    },
    all: (cause, { parkedUntil }, onProgress) =>
      discardCause(pool, { actor, cause, parkedUntil, onProgress }),
  };
}

export function remoteDiscards(client: ConsoleClient): DiscardWays {
  return {
    async one(id) {
      await answerOf(client.POST('/api/v1/deliveries/{id}/discard', { params: { path: { id } } }));
    },
    async count(cause) {
      const query = { cause, limit: 1 };
      const [newest] = (await answerOf(client.GET('/api/v1/parked', { params: { query } }))).items;
      if (newest === undefined) return { count: 0, hasMore: false, parkedUntil: new Date(0).toISOString() };
      const { items } = await answerOf(client.GET('/api/v1/parked/causes'));
      // It lists some hundred causes.
      const { count, hasMore } = items.find(item => item.cause === cause) ?? { count: 1, hasMore: true };
      return { count, hasMore, parkedUntil: justBehind(newest.parkedAt) };
    },
    async all(cause, { parkedUntil }, onProgress) {
      for (let total = 0; ; onProgress(total)) {
        const body = { cause, parkedUntil };
        const { discarded } = await answerOf(client.POST('/api/v1/parked/discard', { body }));
        if (discarded === 0) return total;
        total += discarded;
      }
    },
  };
}

/** PostgreSQL's times are of microseconds, those of the API of milliseconds. */
const justBehind = (time: string) => new Date(Date.parse(time) + 1).toISOString();
