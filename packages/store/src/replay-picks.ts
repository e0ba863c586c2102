import type { PoolClient } from 'pg';

/** What is left of a replay's list, by item: which of them go next. The invariants are those of replays.ts. */
export interface ReplayItem {
  /** Where its row is on disk. */
  readonly place: string;
  readonly id: string;
  /** null: it is parked. */
  readonly day: string | null;
  readonly destination: string;
}

/** Items that the release before has listed name no destination: they count as of one, which has all that is open. */
const ANY_DESTINATION = '';

/** Released and not finished, by destination. */
export async function countOpen(client: PoolClient, replayId: string): Promise<Map<string, number>> {
  const { rows } = await client.query<{ destination: string; open: number }>(
    `select destination, count(*)::int as open from deliveries
      where replay_id = $1 and state in ('due', 'leased') group by destination`,
    [replayId],
  );
  const all = rows.reduce((sum, { open }) => sum + open, 0);
  return new Map([...rows.map(row => [row.destination, row.open] as const), [ANY_DESTINATION, all]]);
}

/** Counts those of the items that were released as open. */
export function addOpen(
  open: Map<string, number>,
  items: readonly ReplayItem[],
  released: readonly string[],
): void {
  const ids = new Set(released);
  for (const { id, destination } of items) {
    if (ids.has(id)) open.set(destination, (open.get(destination) ?? 0) + 1);
  }
}

/** Of `i`. */
const IS_AHEAD = 'i.n >= (select next_n from replays where id = $1)';

export interface PickOptions {
  readonly limit: number;
  /** Of each destination. */
  readonly maxOpen: number;
  /** As `countOpen` says. */
  readonly open: ReadonlyMap<string, number>;
}

/**
 * The first ones of the destinations that have room (Y5); it looks at no more of each than may go. Items go from the front, and the
 * index keeps them until a vacuum. So it jumps from destination to destination from behind, where each has what is left of it, and
 * passes by what is gone in front of `next_n`: all of it, but for what is behind an item that is passed over.
 */
export async function pickItems(
  client: Pick<PoolClient, 'query'>,
  replayId: string,
  { limit, maxOpen, open }: PickOptions,
): Promise<readonly ReplayItem[]> {
  const { rows } = await client.query<ReplayItem>(
    `with recursive has (destination) as (
       (select i.destination from replay_items i where i.replay_id = $1 and ${IS_AHEAD}
         order by i.destination desc, i.n desc limit 1)
       union all
       select (select i.destination from replay_items i
                where i.replay_id = $1 and i.destination < has.destination and ${IS_AHEAD}
                order by i.destination desc, i.n desc limit 1) from has where has.destination is not null
     ), room as (
       select has.destination, greatest(0, least($2, $3 - coalesce(o.open, 0))) as room
         from has left join unnest($4::text[], $5::int[]) as o (destination, open) on o.destination = has.destination
     )
     select first.ctid::text as place, first.delivery_id as id, first.finished_day::text as day, first.destination
       from room cross join lateral (
         select i.ctid, i.* from replay_items i
          where i.replay_id = $1 and i.destination = room.destination and ${IS_AHEAD}
          order by i.destination, i.n limit room.room) first
      where room.room > 0 order by first.n limit $2`,
    [replayId, limit, maxOpen, [...open.keys()], [...open.values()]],
  );
  return rows;
}
