import type { Pool, PoolClient } from 'pg';

export interface LaneOffset {
  readonly lane: number;
  /** Offset of the first record that is not stored yet; null: none is. */
  readonly nextOffset: bigint | null;
}

/** Makes the rows of lanes 0 … count - 1, so that they can be locked. */
export async function ensureLanes(queryable: Pick<Pool, 'query'>, count: number): Promise<void> {
  await queryable.query(
    'insert into lanes (lane) select generate_series(0, $1::int - 1) on conflict (lane) do nothing',
    [count],
  );
}

/** What PostgreSQL holds of a lane. */
export interface StoredLane {
  readonly topicId: string | null;
  readonly nextOffset: bigint | null;
}

/**
 * Locks the lane until the caller's transaction ends: one storer a lane at a time, over all processors. Throws where the
 * lane has no row: nothing would be locked.
 */
export async function lockLane(client: PoolClient, lane: number): Promise<StoredLane> {
  const { rows } = await client.query<{ topic_id: string | null; next_offset: string | null }>({
    name: 'lane-lock',
    text: 'select topic_id, next_offset from lanes where lane = $1 for update',
    values: [lane],
  });
  const [row] = rows;
  if (row === undefined) throw new Error(`lane ${lane} has no row to lock`);
  return { topicId: row.topic_id, nextOffset: row.next_offset === null ? null : BigInt(row.next_offset) };
}

/** Locks those of the lanes that nobody stores to just now, and names them. */
export async function lockFreeLanes(
  client: PoolClient,
  lanes: readonly number[],
): Promise<readonly number[]> {
  const result = await client.query<{ lane: number }>({
    name: 'lane-lock-free',
    text: 'select lane from lanes where lane = any($1::int[]) order by lane for update skip locked',
    values: [lanes],
  });
  return result.rows.map(row => row.lane);
}

/**
 * Where each lane of this topic stands. An offset of another topic of the same name (made anew) does not count; null takes
 * the offsets of whichever topic was read last.
 */
export async function readLaneOffsets(
  queryable: Pick<Pool, 'query'>,
  topicId: string | null,
): Promise<readonly LaneOffset[]> {
  const result = await queryable.query<{ lane: number; next_offset: string | null }>(
    'select lane, case when $1::text is null or topic_id = $1 then next_offset end as next_offset from lanes order by lane',
    [topicId],
  );
  return result.rows.map(row => ({
    lane: row.lane,
    nextOffset: row.next_offset === null ? null : BigInt(row.next_offset),
  }));
}

/** Something of the lane was stored, and PostgreSQL has it no more: what comes behind it may not be stored before it is. */
export class LaneBehind extends Error {
  override readonly name = 'LaneBehind';
}

/** As `lockLane`. Throws a LaneBehind where the lane is not even what it was seen to be, `storedTo`: PostgreSQL has lost commits. */
export async function lockLaneOf(
  client: PoolClient,
  { lane, topicId, storedTo }: { lane: number; topicId: string; storedTo: bigint | null },
): Promise<void> {
  const stored = await lockLane(client, lane);
  if (storedTo === null || (stored.topicId === topicId && (stored.nextOffset ?? -1n) >= storedTo)) return;
  throw laneBehind(lane, storedTo);
}

const laneBehind = (lane: number, storedTo: bigint | null) =>
  new LaneBehind(`PostgreSQL has lane ${lane} no more as far as it was stored: to ${storedTo}`);

/**
 * Within one topic an offset only grows: a storer that comes late, with records that another has stored since, moves it back
 * for nobody. Another topic's counts anew. Throws a LaneBehind where it is not even what it was seen to be, `storedTo`: PostgreSQL
 * has lost commits, as by a failover.
 */
export async function writeLaneOffset(
  client: PoolClient,
  offset: { lane: number; topicId: string; storedTo: bigint | null; nextOffset: bigint },
): Promise<void> {
  const { lane, topicId, storedTo, nextOffset } = offset;
  const { rowCount } = await client.query({
    name: 'lane-offset',
    text: `update lanes set topic_id = $2, updated_at = now(),
                  next_offset = case when topic_id = $2 then greatest(next_offset, $3::bigint) else $3::bigint end
            where lane = $1 and ($4::bigint is null or (topic_id = $2 and next_offset >= $4::bigint))`,
    values: [lane, topicId, nextOffset.toString(), storedTo === null ? null : storedTo.toString()],
  });
  if (rowCount !== 1) throw laneBehind(lane, storedTo);
}

/**
 * Sets a lane back where its log has become shorter than what was stored of it; false: somebody has written another offset
 * since it was read.
 */
export async function setLaneBack(
  queryable: Pick<Pool, 'query'>,
  lane: { lane: number; topicId: string; from: bigint; to: bigint },
): Promise<boolean> {
  const result = await queryable.query(
    'update lanes set next_offset = $4, updated_at = now() where lane = $1 and topic_id = $2 and next_offset = $3',
    [lane.lane, lane.topicId, lane.from.toString(), lane.to.toString()],
  );
  return result.rowCount === 1;
}

export async function countLanes(queryable: Pick<Pool, 'query'>): Promise<number> {
  const result = await queryable.query<{ count: number }>('select count(*)::int as count from lanes');
  return result.rows[0]?.count ?? 0;
}
