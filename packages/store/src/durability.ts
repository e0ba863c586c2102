import { AppError } from '@ackline/shared/app-error';
import type { Pool } from 'pg';

const UNSEEN = 'PostgreSQL does not show whether it has a standby, or whether commits wait for one';
const ASYNCHRONOUS =
  'PostgreSQL has a standby that no commit waits for: a failover to it loses events that were answered 200';
/** insufficient_privilege */
const MAY_NOT_SEE = '42501';

/**
 * A1: a standby for failover is synchronous. Of each that streams now, whatever it is for: the server does not know. A backup that is taken,
 * or kept by pg_receivewal, is none, nor is a subscriber of a publication. Where any are named in synchronous_standby_names, the others
 * are taken for meant. An ordinary role sees enough of it.
 */
export async function standbyWeaknesses(queryable: Pick<Pool, 'query'>): Promise<readonly string[]> {
  try {
    const { rows } = await queryable.query<{ weak: boolean }>(
      `select current_setting('synchronous_standby_names') = '' and exists (
                select from pg_stat_replication standby
                 where standby.application_name not in ('pg_basebackup', 'pg_receivewal')
                   and not exists (select from pg_replication_slots slot
                                    where slot.active_pid = standby.pid and slot.slot_type = 'logical')) as weak`,
    );
    return rows[0]?.weak === true ? [ASYNCHRONOUS] : [];
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === MAY_NOT_SEE) return [UNSEEN];
    throw error;
  }
}

/** What of a server's settings a commit survives a power loss by, in force for the session that asks. */
export interface DurabilitySettings {
  readonly fsync: string;
  readonly commit: string;
  readonly pages: string;
}

/** The settings as columns, for a statement whose commit an ack depends on: it is told in the same answer. */
export const DURABILITY_COLUMNS = `current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
            current_setting('full_page_writes') as pages`;

/** A1: a commit that an ack depends on must survive a power loss. Refuses a server that runs without fsync. */
export async function checkPostgresDurability(queryable: Pick<Pool, 'query'>): Promise<void> {
  const { rows } = await queryable.query<DurabilitySettings>(`select ${DURABILITY_COLUMNS}`);
  refuseWeakSettings(rows[0]);
}

/** Throws ACKLINE_POSTGRES_NOT_DURABLE for what is too weak, and where nothing was said. */
export function refuseWeakSettings(row: DurabilitySettings | undefined): void {
  const weak = [
    row?.fsync === 'on' ? null : 'fsync',
    row === undefined || row.commit === 'off' || row.commit === 'local' ? 'synchronous_commit' : null,
    row?.pages === 'on' ? null : 'full_page_writes',
  ].filter(setting => setting !== null);
  if (weak.length > 0) {
    throw new AppError(
      'ACKLINE_POSTGRES_NOT_DURABLE',
      `PostgreSQL would lose acknowledged events in a power loss: set ${weak.join(' and ')} to on in postgresql.conf and reload it; start again what has ended.`,
    );
  }
}
