import { hash } from 'node:crypto';
import type { Pool } from 'pg';

/** A secret that an ingress has in its configuration, with what it proved there since the last time that it was told. */
export interface ToldSecret {
  readonly source: string;
  readonly fingerprint: string;
  /** Requests. */
  readonly uses: number;
  /** Epoch milliseconds; null: never. */
  readonly lastUsedAt: number | null;
}

/** Over all ingresses. Ages are by the database's clock. */
export interface SecretUse {
  readonly source: string;
  readonly fingerprint: string;
  readonly firstListedAt: Date;
  /** For how long uses have been noted without a pause, by every ingress that is known. */
  readonly watchedMs: number;
  /** Since an ingress last had it in its configuration. */
  readonly listedAgeMs: number;
  readonly lastUsedAt: Date | null;
  readonly lastUsedAgeMs: number | null;
  readonly uses: number;
  /** Requests that the source's other secrets proved since. */
  readonly othersSince: number;
}

/** Longer than an ingress that runs is silent; what was used meanwhile is not known. */
const PAUSE = '5 minutes';
/** A secret that no ingress has had for so long is forgotten. */
const FORGET_AFTER = '90 days';
/** A hash of 32 bits, which tells a source's secrets apart: it is no protection of a secret that can be guessed. */
const FINGERPRINT_DIGITS = 8;

export function secretFingerprint(source: string, secret: string): string {
  return hash('sha256', `${source}\n${secret}`, 'hex').slice(0, FINGERPRINT_DIGITS);
}

/**
 * `told`: each one once; `watcher`: the process that tells. In the order of the key, so that ingresses which write at once never wait for
 * each other in a circle.
 */
export async function writeSecretUses(
  queryable: Pick<Pool, 'query'>,
  told: readonly ToldSecret[],
  watcher: string,
): Promise<void> {
  await queryable.query(
    `with told as (
       select source, fingerprint, uses, used_at, sum(uses) over (partition by source) - uses as others
         from unnest($1::text[], $2::text[], $3::bigint[], $4::float8[]) as each (source, fingerprint, uses, used_at)
     )
     insert into secret_uses as known (source, fingerprint, last_used_at, uses, others_since)
     select source, fingerprint, to_timestamp(used_at / 1000), uses, case when uses > 0 then 0 else others end
       from told order by source, fingerprint
     on conflict (source, fingerprint) do update set
       watched_since = case when known.last_listed_at < now() - interval '${PAUSE}' then now() else known.watched_since end,
       last_listed_at = now(),
       last_used_at = greatest(known.last_used_at, excluded.last_used_at),
       uses = known.uses + excluded.uses,
       others_since = case when excluded.uses > 0 then 0 else known.others_since + excluded.others_since end`,
    [
      told.map(({ source }) => source),
      told.map(({ fingerprint }) => fingerprint),
      told.map(({ uses }) => uses),
      told.map(({ lastUsedAt }) => lastUsedAt),
    ],
  );
  await queryable.query(
    `insert into secret_watchers (id, told_at) values ($1, now()) on conflict (id) do update set told_at = now()`,
    [watcher],
  );
  await queryable.query(`delete from secret_uses where last_listed_at < now() - interval '${FORGET_AFTER}'`);
  await queryable.query(`delete from secret_watchers where told_at < now() - interval '${FORGET_AFTER}'`);
}

/** Of a process that ends and has told all: from now on it is called with nothing. */
export async function removeSecretWatcher(queryable: Pick<Pool, 'query'>, watcher: string): Promise<void> {
  await queryable.query('delete from secret_watchers where id = $1', [watcher]);
}

/** When the last one wrote that has been silent since, and did not end: until then all is known. */
const SILENT_SINCE = `(select max(told_at) from secret_watchers where told_at < now() - interval '${PAUSE}')`;

export async function readSecretUses(queryable: Pick<Pool, 'query'>): Promise<readonly SecretUse[]> {
  const age = (column: string) => `(extract(epoch from clock_timestamp() - ${column}) * 1000)::float8`;
  const { rows } = await queryable.query<SecretUse>(
    `select source, fingerprint, first_listed_at as "firstListedAt", last_used_at as "lastUsedAt",
            ${age(`greatest(watched_since, ${SILENT_SINCE})`)} as "watchedMs", ${age('last_listed_at')} as "listedAgeMs",
            ${age('last_used_at')} as "lastUsedAgeMs", uses::float8 as uses, others_since::float8 as "othersSince"
       from secret_uses order by source, first_listed_at, fingerprint`,
  );
  return rows;
}
