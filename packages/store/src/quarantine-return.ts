import type { Pool } from 'pg';
import { audit } from './audit.ts';
import { inTransaction } from './transaction.ts';

/** Of a record in quarantine: what says whether it is an event. */
export interface KeptRecord {
  readonly origin: string;
  readonly keyId: string;
  readonly meta: Uint8Array;
}

/** What its row of the inbox goes by. */
export interface InboxPlace {
  readonly id: string;
  readonly keyHash: number;
  /** Its envelope, under the key of the record. */
  readonly meta: Uint8Array;
}

export type ReturnResult =
  | { readonly kind: 'returned'; readonly eventId: string; readonly origin: string }
  /** `place` has none for it. It stays. */
  | { readonly kind: 'refused'; readonly origin: string }
  /** Its event is in the inbox already, from another record. It stays until that one is stored. */
  | { readonly kind: 'waiting'; readonly eventId: string; readonly origin: string }
  | { readonly kind: 'not-found' };

export interface ReturnOptions {
  /** Of a number in the list of quarantined records. */
  readonly id: string;
  readonly actor: string;
  readonly place: (record: KeptRecord) => InboxPlace | null;
}

/**
 * Puts a record back into the log, byte for byte: into the inbox, from where it is stored as any other event, once, under its own dedup
 * key. It is in one of the two at each moment (A2), and comes back here where it is refused once more.
 */
export async function returnQuarantined(
  pool: Pool,
  { id, actor, place }: ReturnOptions,
): Promise<ReturnResult> {
  return inTransaction(pool, async client => {
    const { rows } = await client.query<KeptRecord & { reason: string }>(
      'select origin, reason, key_id as "keyId", meta from quarantine where id = $1 for update',
      [id],
    );
    const [record] = rows;
    if (record === undefined) return { kind: 'not-found' };
    const { origin, reason } = record;
    const placed = place(record);
    if (placed === null) return { kind: 'refused', origin };
    const eventId = placed.id;
    const { rowCount } = await client.query(
      `insert into inbox (id, key_hash, after_offset, key_id, meta, body)
       select $2, $3, -1, key_id, $4, body from quarantine where id = $1
       on conflict (id) do nothing`,
      [id, eventId, placed.keyHash, placed.meta],
    );
    if (rowCount === 0) return { kind: 'waiting', eventId, origin };
    await client.query('delete from quarantine where id = $1', [id]);
    await audit(client, {
      actor,
      action: 'quarantine.returned',
      subject: eventId,
      details: { origin, reason },
    });
    return { kind: 'returned', eventId, origin };
  });
}

/** All that are there now, the oldest first. */
export async function listQuarantinedIds(queryable: Pick<Pool, 'query'>): Promise<readonly string[]> {
  const { rows } = await queryable.query<{ id: string }>('select id::text from quarantine order by id');
  return rows.map(row => row.id);
}
