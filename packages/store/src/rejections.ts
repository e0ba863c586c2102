import type { Pool } from 'pg';
import { storableJson } from './storable-json.ts';

/** Of a source the newest so many are kept, */
export const KEPT_OF_A_SOURCE = 100;
/** of all sources together so many, */
export const KEPT_IN_ALL = 10_000;
/** and for so long: what is over is removed by a processor each minute, and by ingresses with some of those that they keep. */
export const KEPT_DAYS = 7;

/** A header by its name, as it was written, and the length of its value. */
export type ShownHeader = readonly [name: string, length: number];

/** What is kept of a request that was refused after it had been read, as it is listed. Nothing of a secret, a signature or a query is in it, of a body its hash. */
export interface ListedRejection {
  readonly requestId: string;
  readonly rejectedAt: Date;
  readonly source: string;
  readonly provider: string;
  /** That of the answer. */
  readonly code: string;
  readonly reason: string;
  readonly method: string;
  /** As the signature was checked for it, without its query. */
  readonly url: string;
  readonly headers: { readonly known: readonly ShownHeader[]; readonly others: number };
  readonly bodyBytes: number;
  /** Hexadecimal. */
  readonly bodySha256: string;
  /** Live ones. */
  readonly secrets: number;
  /** Checks by the kind of variant. */
  readonly tried: Readonly<Record<string, number>>;
  /** The place of the secret that proves the variant; null: there is none. */
  readonly secretIndex: number | null;
  /** How long before it came it was signed; null: not known. */
  readonly skewMs: number | null;
  readonly diagnosis: string;
  readonly what: string;
  readonly fix: string;
}

export interface KeptRejection extends ListedRejection {
  /** null: its source does not allow to keep it. */
  readonly body: Uint8Array | null;
}

export async function insertRejection(
  queryable: Pick<Pool, 'query'>,
  rejection: KeptRejection,
): Promise<void> {
  await queryable.query({
    name: 'rejected-insert',
    text: `insert into rejected_requests (request_id, rejected_at, source, provider, code, reason, method, url, headers, body_bytes,
             body_sha256, body, secrets, tried, secret_index, skew_ms, diagnosis, what, fix)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
           on conflict do nothing`,
    values: [
      rejection.requestId,
      rejection.rejectedAt,
      rejection.source,
      rejection.provider,
      rejection.code,
      rejection.reason,
      rejection.method,
      rejection.url,
      storableJson(rejection.headers),
      rejection.bodyBytes,
      rejection.bodySha256,
      rejection.body,
      rejection.secrets,
      storableJson(rejection.tried),
      rejection.secretIndex,
      rejection.skewMs,
      rejection.diagnosis,
      rejection.what,
      rejection.fix,
    ],
  });
}

const COLUMNS = `request_id as "requestId", rejected_at as "rejectedAt", source, provider, code, reason, method, url, headers,
  body_bytes as "bodyBytes", body_sha256 as "bodySha256", secrets, tried, secret_index as "secretIndex",
  skew_ms::float8 as "skewMs", diagnosis, what, fix`;

/** The newest first. */
export async function listRejections(
  queryable: Pick<Pool, 'query'>,
  { limit, source = null }: { readonly limit: number; readonly source?: string | null },
): Promise<readonly ListedRejection[]> {
  const { rows } = await queryable.query<ListedRejection>(
    `select ${COLUMNS} from rejected_requests where $2::text is null or source = $2
      order by rejected_at desc, request_id desc limit $1`,
    [limit, source],
  );
  return rows;
}

/** Where a refused request is in the list: PostgreSQL's own words for the time, which are exact. */
export interface RejectionPlace {
  readonly at: string;
  readonly id: string;
}

/**
 * {@link listRejections} by pages: those before `before`; null: from the newest. `sources`: of these alone; null: of all. No more
 * than KEPT_IN_ALL are there, so that a page needs no bound of its own.
 */
export async function pageRejections(
  queryable: Pick<Pool, 'query'>,
  sources: readonly string[] | null,
  { before, limit }: { readonly before: RejectionPlace | null; readonly limit: number },
): Promise<readonly (ListedRejection & { readonly place: RejectionPlace })[]> {
  const { rows } = await queryable.query<ListedRejection & { readonly place: RejectionPlace }>(
    `select ${COLUMNS}, jsonb_build_object('at', rejected_at::text, 'id', request_id) as place from rejected_requests
      where ($4::text[] is null or source = any($4)) and (rejected_at, request_id) < ($2::timestamptz, $3::uuid)
      order by rejected_at desc, request_id desc limit $1`,
    [limit, before?.at ?? 'infinity', before?.id ?? 'ffffffff-ffff-ffff-ffff-ffffffffffff', sources],
  );
  return rows;
}

export async function readRejection(
  queryable: Pick<Pool, 'query'>,
  requestId: string,
): Promise<KeptRejection | null> {
  const { rows } = await queryable.query<KeptRejection>(
    `select ${COLUMNS}, body from rejected_requests where request_id = $1`,
    [requestId],
  );
  return rows[0] ?? null;
}

/** Removes what is too old, and of each source and of all what is over their number; leaves what another one removes. Returns how many. */
export async function sweepRejections(queryable: Pick<Pool, 'query'>): Promise<number> {
  const { rowCount } = await queryable.query(
    `with placed as (
       select request_id, rejected_at < now() - interval '${KEPT_DAYS} days' as is_old,
              row_number() over (partition by source order by rejected_at desc) as of_source,
              row_number() over (order by rejected_at desc) as of_all
         from rejected_requests)
     delete from rejected_requests where request_id in (
       select request_id from rejected_requests join placed using (request_id)
        where is_old or of_source > ${KEPT_OF_A_SOURCE} or of_all > ${KEPT_IN_ALL}
          for update of rejected_requests skip locked)`,
  );
  return rowCount ?? 0;
}
