import type { Pool } from 'pg';

/** A provider has a few. */
const MAX_KEPT = 64;

/** A certificate that was shown at a URL, and was good. */
export interface KeptCertificate {
  readonly url: string;
  /** Whom it is made out to. */
  readonly subject: string;
  /** In PEM, with those between it and a root behind it. */
  readonly chain: string;
  /** Since it was fetched. */
  readonly ageMs: number;
}

/** Ages are by the database's clock. */
export async function readPublishedCertificates(
  queryable: Pick<Pool, 'query'>,
): Promise<readonly KeptCertificate[]> {
  const { rows } = await queryable.query<KeptCertificate>(
    `select url, subject, chain,
            greatest(0, extract(epoch from clock_timestamp() - fetched_at) * 1000)::float8 as "ageMs"
       from published_certificates order by fetched_at desc limit ${MAX_KEPT}`,
  );
  return rows;
}

/**
 * `kept`: each one once. One that another process fetched later stays. Removes what is over the number, the oldest first; leaves what
 * another one removes.
 */
export async function writePublishedCertificates(
  queryable: Pick<Pool, 'query'>,
  kept: readonly KeptCertificate[],
): Promise<void> {
  await queryable.query(
    `insert into published_certificates as known (url, subject, chain, fetched_at)
     select url, subject, chain, clock_timestamp() - make_interval(secs => age_ms / 1000)
       from unnest($1::text[], $2::text[], $3::text[], $4::float8[]) as each (url, subject, chain, age_ms)
      order by url, subject
     on conflict (url, subject) do update set chain = excluded.chain, fetched_at = excluded.fetched_at
      where known.fetched_at < excluded.fetched_at`,
    [
      kept.map(({ url }) => url),
      kept.map(({ subject }) => subject),
      kept.map(({ chain }) => chain),
      kept.map(({ ageMs }) => ageMs),
    ],
  );
  await queryable.query(
    `delete from published_certificates where (url, subject) in (
       select url, subject from published_certificates order by fetched_at desc offset ${MAX_KEPT} for update skip locked)`,
  );
}
