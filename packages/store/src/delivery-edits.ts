import type { Pool } from 'pg';
import { audit } from './audit.ts';
import { type ReplayResult, replay } from './replay-delivery.ts';
import { readDayEvents } from './stored-events.ts';
import { inTransaction } from './transaction.ts';

/** A body in the place of the event's own, which stays as it came; sealed as that is. */
export interface DeliveryEdit {
  /** The first edit of a delivery is 1. */
  readonly n: number;
  readonly keyId: string;
  readonly body: Uint8Array;
}

export interface EditedReplay {
  readonly actor: string;
  readonly edit: Omit<DeliveryEdit, 'n'>;
  /** Of the body before it was sealed. */
  readonly bodyBytes: number;
}

/**
 * {@link replay} with another body: from now on each attempt of the delivery sends its newest edit. All of a delivery's edits are
 * kept as long as it is.
 */
export async function replayEdited(
  pool: Pool,
  id: string,
  { actor, edit, bodyBytes }: EditedReplay,
): Promise<ReplayResult> {
  return inTransaction(pool, async client => {
    const result = await replay(client, id); // from here on its row is locked, and so the next number is its own
    if (result.kind !== 'replayed') return result;
    const { destination, before } = result;
    const { rows } = await client.query<{ n: number }>(
      `insert into delivery_edits (delivery_id, n, edited_by, key_id, body)
       select $1::uuid, coalesce(max(n), 0) + 1, $2::text, $3::text, $4::bytea from delivery_edits where delivery_id = $1 returning n`,
      [id, actor, edit.keyId, edit.body],
    );
    await client.query('update deliveries set body_bytes = $2 where id = $1', [id, bodyBytes]);
    const details = { destination, before, after: 'due', edit: rows[0]?.n ?? 1, bytes: bodyBytes };
    await audit(client, { actor, action: 'delivery.replayed', subject: id, details });
    return result;
  });
}

/** The newest edit of each that has one. */
export async function readEdits(
  queryable: Pick<Pool, 'query'>,
  ids: readonly string[],
): Promise<ReadonlyMap<string, DeliveryEdit>> {
  const result = await queryable.query<DeliveryEdit & { readonly id: string }>({
    name: 'delivery-edits',
    text: `select distinct on (delivery_id) delivery_id as id, n, key_id as "keyId", body from delivery_edits
            where delivery_id = any($1::uuid[]) order by delivery_id, n desc`,
    values: [ids],
  });
  return new Map(result.rows.map(({ id, ...edit }) => [id, edit]));
}

export interface SealedMeta {
  readonly keyId: string;
  readonly meta: Uint8Array;
}

/** Of the event of a delivery; null: there is none. */
export async function readDeliveryMeta(
  queryable: Pick<Pool, 'query'>,
  id: string,
): Promise<SealedMeta | null> {
  const found = await queryable.query<{ day: string; seq: string }>(
    'select stored_day::text as day, seq from all_deliveries where id = $1',
    [id],
  );
  const [place] = found.rows;
  if (place === undefined) return null;
  const columns = 'seq, key_id as "keyId", meta';
  const [event] = await readDayEvents<SealedMeta & { readonly seq: string }>(queryable, columns, place.day, [
    place.seq,
  ]);
  return event === undefined ? null : { keyId: event.keyId, meta: event.meta };
}
