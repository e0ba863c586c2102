import { createGate } from '@ackline/runtime/gate';
import { AppError } from '@ackline/shared/app-error';
import { open } from '@ackline/shared/seal';
import { noteAudit } from '@ackline/store/audit';
import { listEdits, readEdit } from '@ackline/store/delivery-edits';
import { discardDelivery } from '@ackline/store/discard';
import { type EditResult, replayWithBody } from '@ackline/store/edited-body';
import { type DeliveryDetails, readDelivery } from '@ackline/store/event-details';
import { replayDelivery } from '@ackline/store/replay-delivery';
import type { Pool } from 'pg';
import { type Caller, maySee } from '../access/caller.ts';
import type { ShowKeysTo } from '../access/shown-keys.ts';
import type { deliveryRoutes } from '../api/deliveries.ts';
import type { CallsOf } from './call.ts';
import { shownDelivery } from './shown.ts';

export interface DeliveryCallsDeps {
  readonly reads: Pool;
  readonly changes: Pool;
  readonly showKeysTo: ShowKeysTo;
}

/** What came is read too, for its hash: up to 25 MiB. */
const EDITS_AT_A_TIME = 1;

export function createDeliveryCalls({
  reads,
  changes,
  showKeysTo,
}: DeliveryCallsDeps): CallsOf<typeof deliveryRoutes> {
  const editGate = createGate(EDITS_AT_A_TIME);

  /** A delivery keeps its tenant: what was asked before a change holds in it. */
  async function find(id: string, caller: Caller): Promise<DeliveryDetails> {
    const delivery = await readDelivery(reads, id);
    if (delivery === null || !maySee(caller, delivery.tenant)) throw noDelivery(id);
    return delivery;
  }

  return {
    async readDelivery({ params, caller }) {
      const delivery = await find(params.id, caller);
      const edits = await listEdits(reads, [delivery.id]);
      return { json: shownDelivery(delivery, edits, { caller, showKey: await showKeysTo(caller) }) };
    },
    async replayDelivery({ params: { id }, caller }) {
      await find(id, caller);
      return replayed(id, await replayDelivery(changes, id, caller.name));
    },
    async replayEdited({ params: { id }, body: { bodyBase64 }, caller }) {
      await find(id, caller);
      const edit = { actor: caller.name, body: Buffer.from(bodyBase64, 'base64') };
      return replayed(id, await editGate(() => replayWithBody(changes, id, edit)));
    },
    async readEdit({ params: { id, n }, caller }) {
      await find(id, caller);
      const edit = await readEdit(reads, id, n);
      if (edit === null)
        throw new AppError('ACKLINE_NOT_FOUND', `The delivery ${id} has no edit with this number`);
      const body = Buffer.from(open({ keyId: edit.keyId, bytes: edit.body }));
      await noteAudit(changes, {
        actor: caller.name,
        action: 'payload.viewed',
        subject: id,
        details: { form: 'edit', edit: n },
      });
      return { json: { id, n, bodyBytes: body.length, bodyBase64: body.toString('base64') } };
    },
    async discardDelivery({ params: { id }, caller }) {
      const { state } = await find(id, caller);
      if (await discardDelivery(changes, id, caller.name)) return { json: { id, state: 'discarded' } };
      throw new AppError('ACKLINE_WRONG_STATE', `The delivery is ${state}: only what is parked is discarded`);
    },
  };
}

/** Throws where it was not. */
function replayed(id: string, result: EditResult) {
  switch (result.kind) {
    case 'replayed':
      return { json: { id, state: 'due' as const } };
    case 'not-found':
      throw noDelivery(id);
    case 'unfit':
      throw new AppError('ACKLINE_CALL_INVALID', result.problem);
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
}

const noDelivery = (id: string) =>
  new AppError('ACKLINE_NOT_FOUND', `There is no delivery with the id ${id}`);
