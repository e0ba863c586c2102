import { newEventId } from '@ackline/shared/event-id';
import { inTransaction } from '@ackline/store/transaction';
import type { Pool } from 'pg';
import type { DecidedEvent } from './decisions.ts';
import type { StorableEvent } from './storable.ts';
import { storeEvents, type StoringRules } from './store-events.ts';

/** Ends the transaction of a trial that went well. */
class RolledBack extends Error {}

/**
 * Whether PostgreSQL takes a plain event in the place of this one: of the same source, log, priority and routes, and with
 * nothing in it that a sender chose. It is stored and rolled back. Rejects where another failure keeps that from being known.
 */
export async function takesPlainEvent(
  pool: Pool,
  { event, fanOut }: DecidedEvent,
  { destinations }: Pick<StoringRules, 'destinations'>,
  isRefusal: (error: unknown) => boolean,
): Promise<boolean> {
  const trial = inTransaction(pool, async client => {
    await storeEvents(client, [{ event: plainEvent(event), fanOut }], {
      destinations,
      desk: { tryReserve: () => null },
    });
    throw new RolledBack();
  });
  try {
    await trial;
  } catch (error) {
    if (error instanceof RolledBack) return true;
    if (isRefusal(error)) return false;
    throw error;
  }
  return true;
}

function plainEvent({ meta, tier, sealed }: StorableEvent): StorableEvent {
  const id = newEventId();
  const plain = { type: 'trial', dedupKey: id, orderingKey: null, occurredAt: null, receivedAt: Date.now() };
  const body = Buffer.alloc(0);
  return { meta: { ...meta, id, ...plain }, body, tier, sealed: { keyId: sealed.keyId, meta: body, body } };
}
