import { AppError } from '@ackline/shared/app-error';
import { discardDelivery } from '@ackline/store/discard';
import { type DeliveryDetails, readDelivery } from '@ackline/store/event-details';
import { replayDelivery } from '@ackline/store/replay-delivery';
import type { Pool } from 'pg';
import { type Caller, maySee } from '../access/caller.ts';
import type { deliveryRoutes } from '../api/deliveries.ts';
import type { CallsOf } from './call.ts';
import { shownDelivery } from './shown.ts';

export interface DeliveryCallsDeps {
  readonly reads: Pool;
  readonly changes: Pool;
}

export function createDeliveryCalls({ reads, changes }: DeliveryCallsDeps): CallsOf<typeof deliveryRoutes> {
  /** A delivery keeps its tenant: what was asked before a change holds in it. */
  async function find(id: string, caller: Caller): Promise<DeliveryDetails> {
    const delivery = await readDelivery(reads, id);
    if (delivery === null || !maySee(caller, delivery.tenant)) throw noDelivery(id);
    return delivery;
  }

  return {
    async readDelivery({ params, caller }) {
      return { json: shownDelivery(await find(params.id, caller), caller) };
    },
    async replayDelivery({ params: { id }, caller }) {
      await find(id, caller);
      const result = await replayDelivery(changes, id, caller.name);
      switch (result.kind) {
        case 'replayed':
          return { json: { id, state: 'due' } };
        case 'not-found':
          throw noDelivery(id);
        case 'still-open':
          throw new AppError(
            'ACKLINE_WRONG_STATE',
            `The delivery is ${result.state}: it is not finished, and Ackline tries it by itself`,
          );
        default: {
          const never: never = result;
          return never;
        }
      }
    },
    async discardDelivery({ params: { id }, caller }) {
      const { state } = await find(id, caller);
      if (await discardDelivery(changes, id, caller.name)) return { json: { id, state: 'discarded' } };
      throw new AppError('ACKLINE_WRONG_STATE', `The delivery is ${state}: only what is parked is discarded`);
    },
  };
}

const noDelivery = (id: string) =>
  new AppError('ACKLINE_NOT_FOUND', `There is no delivery with the id ${id}`);
