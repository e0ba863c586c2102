import { createHash } from 'node:crypto';
import { AppError } from '@ackline/shared/app-error';
import { open } from '@ackline/shared/seal';
import type { Pool, PoolClient } from 'pg';
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
  /** The same before it was sealed. */
  readonly body: Uint8Array;
}

/**
 * {@link replay} with another body: from now on each attempt of the delivery sends its newest edit. All of a delivery's edits are
 * kept as long as it is.
 */
export async function replayEdited(
  pool: Pool,
  id: string,
  { actor, edit, body }: EditedReplay,
): Promise<ReplayResult> {
  return inTransaction(pool, async client => {
    const result = await replay(client, id); // from here on its row is locked, and so the next number is its own
    if (result.kind !== 'replayed') return result;
    const { destination, before } = result;
    const sentBefore = await readBodySent(client, id);
    const { rows } = await client.query<{ n: number }>(
      `insert into delivery_edits (delivery_id, n, edited_by, key_id, body)
       select $1::uuid, coalesce(max(n), 0) + 1, $2::text, $3::text, $4::bytea from delivery_edits where delivery_id = $1 returning n`,
      [id, actor, edit.keyId, edit.body],
    );
    await client.query('update deliveries set body_bytes = $2 where id = $1', [id, body.length]);
    const hashes = { ...(sentBefore && { sha256Before: sha256(sentBefore) }), sha256: sha256(body) };
    const details = {
      destination,
      before,
      after: 'due',
      edit: rows[0]?.n ?? 1,
      bytes: body.length,
      ...hashes,
    };
    await audit(client, { actor, action: 'delivery.replayed', subject: id, details });
    return result;
  });
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Its newest edit, or what came; null: it is not there any more, or can't be read by this release. */
async function readBodySent(client: PoolClient, id: string): Promise<Uint8Array | null> {
  const sealed =
    (await readEdits(client, [id])).get(id) ??
    (await readEventOf<{ body: Uint8Array } & SealedMeta>(client, id, 'seq, key_id as "keyId", meta, body'));
  if (sealed === null) return null;
  try {
    return open({ keyId: sealed.keyId, bytes: sealed.body });
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}

/** What is to see of an edit without its body. */
export interface EditFacts {
  readonly deliveryId: string;
  readonly n: number;
  readonly editedAt: Date;
  readonly editedBy: string;
  readonly bytes: number;
}

/** Of these deliveries, in their order. */
export async function listEdits(
  queryable: Pick<Pool, 'query'>,
  ids: readonly string[],
): Promise<readonly EditFacts[]> {
  const { rows } = await queryable.query<EditFacts>(
    `select delivery_id as "deliveryId", n, edited_at as "editedAt", edited_by as "editedBy", octet_length(body) as bytes
       from delivery_edits where delivery_id = any($1::uuid[]) order by delivery_id, n`,
    [ids],
  );
  return rows;
}

/** As it was sent; null: there is none of that number. */
export async function readEdit(
  queryable: Pick<Pool, 'query'>,
  id: string,
  n: number,
): Promise<Omit<DeliveryEdit, 'n'> | null> {
  const { rows } = await queryable.query<Omit<DeliveryEdit, 'n'>>(
    'select key_id as "keyId", body from delivery_edits where delivery_id = $1 and n = $2',
    [id, n],
  );
  return rows[0] ?? null;
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
export function readDeliveryMeta(queryable: Pick<Pool, 'query'>, id: string): Promise<SealedMeta | null> {
  return readEventOf<SealedMeta>(queryable, id, 'seq, key_id as "keyId", meta');
}

async function readEventOf<Row extends SealedMeta>(
  queryable: Pick<Pool, 'query'>,
  id: string,
  columns: string,
): Promise<Row | null> {
  const found = await queryable.query<{ day: string; seq: string }>(
    'select stored_day::text as day, seq from all_deliveries where id = $1',
    [id],
  );
  const [place] = found.rows;
  if (place === undefined) return null;
  const [event] = await readDayEvents<Row & { readonly seq: string }>(queryable, columns, place.day, [
    place.seq,
  ]);
  return event ?? null;
}
