import type { Pool } from 'pg';
import type { AttemptRecord } from './deliveries.ts';

export interface ParkedDelivery {
  readonly id: string;
  readonly eventId: string;
  readonly source: string;
  readonly tenant: string;
  readonly route: string;
  readonly destination: string;
  readonly orderingKey: string | null;
  readonly reason: string;
  /** Its destination and the last answer ("crm 503"), as migration 0003 makes it. */
  readonly cause: string;
  readonly tries: number;
  readonly parkedAt: Date;
  readonly blocks: boolean;
  readonly lastAttempt: AttemptRecord | null;
}

export interface ParkedFilter {
  readonly cause?: string;
  readonly destination?: string;
  readonly source?: string;
}

/** Deliveries that need a person, the newest first. */
export async function listParked(
  queryable: Pick<Pool, 'query'>,
  { cause, destination, source, limit }: ParkedFilter & { limit: number },
): Promise<readonly ParkedDelivery[]> {
  const result = await queryable.query<ParkedDelivery>(
    `select id, event_id as "eventId", source, tenant, route, destination, ordering_key as "orderingKey",
            coalesce(park_reason, '') as reason, park_cause as cause, tries, finished_at as "parkedAt", blocks,
            attempts -> -1 as "lastAttempt"
       from deliveries
      where state = 'parked' and ($2::text is null or park_cause = $2) and ($3::text is null or destination = $3)
        and ($4::text is null or source = $4)
      order by finished_at desc, id desc limit $1`,
    [limit, cause ?? null, destination ?? null, source ?? null],
  );
  return result.rows;
}
