import type { Pool, PoolClient } from 'pg';

/** API: a released name is never used for anything else. */
export type AuditAction =
  | 'destination.paused'
  | 'destination.resumed'
  | 'delivery.replayed'
  | 'delivery.discarded'
  | 'replay.announced'
  | 'replay.started'
  | 'replay.continued'
  | 'replay.cancelled'
  | 'quarantine.returned'
  | 'cache.cleared';

export interface AuditEntry {
  /** A person, as the machine knows them ("anna@ops-1"), or the process that did it by itself. */
  readonly actor: string;
  readonly action: AuditAction;
  /** The destination, delivery, cause, replay or event that it was done to. */
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
    JSON.stringify(entry.details),
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
