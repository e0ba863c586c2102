/**
 * Open deliveries and their order. The unique index `deliveries_head` keeps it, not a query:
 *
 * H1. A key (destination, source, ordering key) has at most one head: its row that is due, leased, or blocks. All its other
 *     open rows wait, but for replays outside the order and what is parked without blocking.
 * H2. A row waits only behind a head that is marked `followed`; the mark is set under the head's row lock, by the transaction
 *     that inserts the waiting row.
 * H3. Who waits for the locks of several heads takes them in the order (destination, source, ordering key, id), so that
 *     storers and writers of outcomes wait for each other and never in a circle.
 * H4. A followed head is taken away by a transaction whose next statement promotes the first waiting row (`promote`): only a
 *     later statement sees what was committed while the first one waited for its lock.
 * H5. What is claimed is due: a head, without a key, or a replay. A claim looks at no other row.
 */
import type { PoolClient } from 'pg';
import { HEAD, type NewDelivery } from './deliveries.ts';
import { STATEMENT_ROWS, statementsOf } from './statement-rows.ts';

/** No delivery waits longer for its first attempt, whatever the clock says that its time was given by. */
const LONGEST_DEFERRAL = '24 hours';

const COLUMNS =
  'id, stored_day, seq, event_id, source, tenant, route, destination, ordering_key, priority, body_bytes, keep_history, transforms';
const ARRAYS = `$1::uuid[], $2::date[], $3::bigint[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
                $10::text[], $11::int[], $12::bool[], $13::bool[], $14::float8[]`;
const DUE_AT = `least(greatest(to_timestamp(not_before_ms / 1000.0), now()), now() + interval '${LONGEST_DEFERRAL}')`;

export interface FirstDelivery extends NewDelivery {
  /** Others of its key are inserted behind it by the same transaction (H2). */
  readonly followed: boolean;
}

/**
 * Inserts deliveries that are the first of their key in this transaction, or have none; each key once. Where a key has a head
 * already, that one is marked as followed (H2) and the new one is not inserted. Returns the ids that were.
 */
export async function insertFirst(
  client: PoolClient,
  rows: readonly FirstDelivery[],
): Promise<ReadonlySet<string>> {
  const returned = new Set<string>(); // heads that were marked, too
  for (const some of statementsOf(await sortedByKey(client, rows)))
    for (const id of await insertFirsts(client, some)) returned.add(id);
  return new Set(rows.map(row => row.id).filter(id => returned.has(id)));
}

/** (H3) Over all statements; a single one sorts its rows itself. As the server sorts, whose collation nobody else knows. */
async function sortedByKey<Row extends NewDelivery>(
  client: PoolClient,
  rows: readonly Row[],
): Promise<readonly Row[]> {
  if (rows.length <= STATEMENT_ROWS) return rows;
  const byId = new Map(rows.map(row => [row.id, row]));
  const sorted = await client.query<{ id: string }>({
    name: 'deliveries-sort',
    text: `select id from unnest($1::text[], $2::text[], $3::text[], $4::uuid[]) as n (destination, source, ordering_key, id)
            order by destination, source, ordering_key, id`,
    values: (['destination', 'source', 'orderingKey', 'id'] as const).map(column =>
      rows.map(row => row[column]),
    ),
  });
  return sorted.rows.flatMap(({ id }) => byId.get(id) ?? []);
}

async function insertFirsts(client: PoolClient, rows: readonly FirstDelivery[]): Promise<readonly string[]> {
  const result = await client.query<{ id: string }>({
    name: 'deliveries-insert-first',
    text: `insert into deliveries as d (${COLUMNS}, state, lease_id, lease_until, due_at, followed)
           select ${COLUMNS}, case when lease_id is null then 'due' else 'leased' end, lease_id,
                  clock_timestamp() + lease_ms * interval '1 millisecond', ${DUE_AT}, followed
             from unnest(${ARRAYS}, $15::uuid[], $16::int[], $17::bool[])
               as n (${COLUMNS}, not_before_ms, lease_id, lease_ms, followed)
            order by destination, source, ordering_key, id -- (H3)
           on conflict (destination, source, ordering_key) where ${HEAD}
           -- The head is locked, whether it has the mark already or not: it can't go before this transaction ends.
           do update set followed = true where not d.followed
           returning id`,
    values: [
      ...columnsOf(rows),
      rows.map(row => row.lease?.leaseId ?? null),
      rows.map(row => row.lease?.leaseMs ?? null),
      rows.map(row => row.followed),
    ],
  });
  return result.rows.map(row => row.id);
}

/** Inserts deliveries that wait for the head of their key, which this transaction has inserted or marked by `insertFirst` (H2). */
export async function insertWaiting(client: PoolClient, rows: readonly NewDelivery[]): Promise<void> {
  for (const some of statementsOf(rows)) {
    await client.query({
      name: 'deliveries-insert-waiting',
      text: `insert into deliveries (${COLUMNS}, state, due_at)
             select ${COLUMNS}, 'waiting', ${DUE_AT} from unnest(${ARRAYS}) as n (${COLUMNS}, not_before_ms)`,
      values: columnsOf(some),
    });
  }
}

function columnsOf(rows: readonly NewDelivery[]): unknown[] {
  const columns: (keyof NewDelivery)[] = [
    'id',
    'storedDay',
    'seq',
    'eventId',
    'source',
    'tenant',
    'route',
    'destination',
    'orderingKey',
    'priority',
    'bodyBytes',
    'keepHistory',
    'transforms',
    'notBefore',
  ];
  return columns.map(column => rows.map(row => row[column]));
}
