import { hash } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { audit } from './audit.ts';
import { DESTINATIONS_CHANNEL } from './destination-states.ts';
import { readHideKey } from './hidden-keys.ts';
import { inTransaction } from './transaction.ts';

/** What of a handler's cache is not given out any more, if it is older. */
export interface CacheClear {
  readonly destination: string;
  /** Of one key; null: of all. */
  readonly keyHash: string | null;
  /** The greater is the newer. */
  readonly version: number;
}

/** A key may hold what is not for logs, nor for Redis. */
export function cacheKeyHash(key: string): string {
  return hash('sha256', key, 'base64url');
}

/** Of one destination, since all of it was last cleared: processors keep each of them. */
const MAX_KEYS = 1_000;
/** Of one reading: of twenty destinations as many as there may be. What is more comes with the next one. */
const MAX_READ = 20_000;

/** Twice as long as a handler's value is kept: a destination that comes back then finds none of before. */
const GONE_AFTER_MS = 2 * 86_400_000;

/** Clears for all processors, those too that are away just now. False: too many keys of it were cleared, only all of it can be. */
export async function clearCache(
  pool: Pool,
  { destination, keyHash, actor }: Pick<CacheClear, 'destination' | 'keyHash'> & { readonly actor: string },
): Promise<boolean> {
  return inTransaction(pool, async client => {
    // One at a time, so that who has read a version has read all below it.
    await client.query('lock table cache_clears in share row exclusive mode');
    if (keyHash === null)
      await client.query('delete from cache_clears where destination = $1', [destination]);
    else if ((await countKeys(client, destination)) >= MAX_KEYS) return false;
    await client.query(
      `insert into cache_clears (destination, key_hash, version)
       select $1, $2, greatest((extract(epoch from clock_timestamp()) * 1000)::bigint,
                               coalesce((select max(version) from cache_clears), 0) + 1)
       on conflict (destination, key_hash) do update set version = excluded.version`,
      [destination, keyHash ?? ''],
    );
    const details = keyHash === null ? {} : { keyHash: (await readHideKey(client))(destination, keyHash) };
    await audit(client, { actor, action: 'cache.cleared', subject: destination, details });
    await client.query('select pg_notify($1, $2)', [DESTINATIONS_CHANNEL, destination]);
    return true;
  });
}

async function countKeys(client: PoolClient, destination: string): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    "select count(*)::int as count from cache_clears where destination = $1 and key_hash <> ''",
    [destination],
  );
  return rows[0]?.count ?? 0;
}

/** Newer than `after`, the oldest first. */
export async function readCacheClears(
  queryable: Pick<Pool, 'query'>,
  after: number,
): Promise<readonly CacheClear[]> {
  const result = await queryable.query<CacheClear>({
    name: 'cache-clears-read',
    text: `select destination, nullif(key_hash, '') as "keyHash", version::float8 as version from cache_clears
            where version > $1 order by version limit ${MAX_READ}`,
    values: [after],
  });
  return result.rows;
}

/**
 * Forgets what was cleared of destinations that are not there any more; returns how many rows. A processor that knew of it goes on by
 * that until it ends: where one of them comes back, its cache may be apart in those that started since.
 */
export async function sweepCacheClears(
  queryable: Pick<PoolClient, 'query'>,
  destinations: readonly string[],
): Promise<number> {
  const { rowCount } = await queryable.query(
    `delete from cache_clears
      where destination <> all($1::text[]) and version < extract(epoch from clock_timestamp()) * 1000 - ${GONE_AFTER_MS}`,
    [destinations],
  );
  return rowCount ?? 0;
}
