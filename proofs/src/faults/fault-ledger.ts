import pg from 'pg';

/** What is stored of a source's updates from `firstId` on. */
export interface StoredUpdates {
  readonly ids: ReadonlySet<number>;
  /** Rows beyond the first of an update: must be 0. */
  readonly twice: number;
  readonly fromKafka: number;
  readonly fromInbox: number;
}

const QUERY_LIMIT_MS = 30_000;

export async function readStored(
  databaseUrl: string,
  source: string,
  firstId: number,
): Promise<StoredUpdates> {
  const { rows } = await query<{ id: string; tier: string }>(
    databaseUrl,
    `select split_part(dedup_key, '|', 1) as id, tier from events
      where source = $1 and split_part(dedup_key, '|', 1)::bigint >= $2`,
    [source, firstId],
  );
  const ids = new Set(rows.map(row => Number(row.id)));
  const fromKafka = rows.filter(row => row.tier === 'kafka').length;
  return { ids, twice: rows.length - ids.size, fromKafka, fromInbox: rows.length - fromKafka };
}

/** How many updates of [firstId, endId) are stored. */
export async function countStored(
  databaseUrl: string,
  source: string,
  range: { readonly firstId: number; readonly endId: number },
): Promise<number> {
  const { rows } = await query<{ count: number }>(
    databaseUrl,
    `select count(distinct dedup_key)::int as count from events
      where source = $1 and split_part(dedup_key, '|', 1)::bigint between $2 and $3`,
    [source, range.firstId, range.endId - 1],
  );
  return rows[0]?.count ?? 0;
}

async function query<T extends pg.QueryResultRow>(
  databaseUrl: string,
  text: string,
  values: readonly unknown[],
): Promise<pg.QueryResult<T>> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'ackline-proof',
    connectionTimeoutMillis: QUERY_LIMIT_MS,
    query_timeout: QUERY_LIMIT_MS,
  });
  client.on('error', () => undefined); // the query in flight rejects with the same error
  await client.connect();
  try {
    return await client.query<T>(text, [...values]);
  } finally {
    await client.end();
  }
}
