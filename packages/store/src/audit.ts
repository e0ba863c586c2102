import type { AuditAction } from '@ackline/shared/audit-actions';
import type { Pool, PoolClient } from 'pg';
import { type LookedRow, type Page, pageOf } from './bounded-look.ts';
import { storableJson } from './storable-json.ts';
import { inTransaction } from './transaction.ts';

export interface AuditEntry {
  /** A person, as the machine knows them ("anna@ops-1"), or the process that did it by itself. */
  readonly actor: string;
  readonly action: AuditAction;
  /** The destination, delivery, cause, replay, event, token or person that it was done to. */
  readonly subject: string;
  readonly details: Readonly<Record<string, string | number>>;
}

export interface AuditRecord extends Omit<AuditEntry, 'action'> {
  readonly id: string;
  readonly at: Date;
  /** Also one of a newer release. */
  readonly action: string;
}

/** Notes a change, in the transaction that makes it: neither is there without the other. */
export async function audit(client: PoolClient, entry: AuditEntry): Promise<void> {
  await client.query('insert into audit (actor, action, subject, details) values ($1, $2, $3, $4)', [
    entry.actor,
    entry.action,
    entry.subject,
    storableJson(entry.details),
  ]);
}

/** The newest first. */
export async function listAudit(
  queryable: Pick<Pool, 'query'>,
  options: { limit: number },
): Promise<readonly AuditRecord[]> {
  const result = await queryable.query<AuditRecord>(
    'select id::text, at, actor, action, subject, details from audit order by audit.id desc limit $1',
    [options.limit],
  );
  return result.rows;
}

export interface AuditFilter {
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly subject?: string | undefined;
}

/** Rows that one look reads: what a filter leaves of them is found behind its cursor. */
const LOOKED_AT = 10_000;

/** {@link listAudit} by pages: those before `before`, an id; null: from the newest. */
export async function pageAudit(
  queryable: Pick<Pool, 'query'>,
  { actor, action, subject }: AuditFilter,
  { before, limit }: { readonly before: string | null; readonly limit: number },
): Promise<Page<AuditRecord>> {
  const isFiltered = actor !== undefined || action !== undefined || subject !== undefined;
  const lookedAt = isFiltered ? LOOKED_AT : limit + 1;
  const { rows } = await queryable.query<AuditRecord & LookedRow>(
    `with looked as materialized (
       select * from audit where $1::bigint is null or audit.id < $1 order by audit.id desc limit $2
     ), found as (
       select * from looked l
        where ($3::text is null or l.actor = $3) and ($4::text is null or l.action = $4) and ($5::text is null or l.subject = $5)
        order by l.id desc limit $6
     ), last as (
       select * from looked l order by l.id limit 1
     )
     select id::text, at, actor, action, subject, details, true as "isFound", 0 as looked, id as place from found
     union all
     select id::text, at, '', '', '', '{}', false, (select count(*)::int from looked), id from last
      order by "isFound" desc, place desc`,
    [before, lookedAt, actor ?? null, action ?? null, subject ?? null, limit],
  );
  return pageOf(rows, { limit, lookedAt, keyOf: ({ id }) => id });
}

/** {@link audit} of what is no change of the database's: a look. */
export async function noteAudit(pool: Pool, entry: AuditEntry): Promise<void> {
  await inTransaction(pool, client => audit(client, entry));
}
