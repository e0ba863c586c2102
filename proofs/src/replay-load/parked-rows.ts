import type { EnvelopeMeta } from '@ackline/shared/envelope';
import { encodeMeta } from '@ackline/shared/envelope-codec';
import pg from 'pg';

export interface ParkedRows {
  readonly databaseUrl: string;
  /** The update id of the first one. */
  readonly firstId: number;
  readonly count: number;
  /** Of the last attempt: their cause is "receiver <status>". */
  readonly status: number;
}

const CHATS = 1_000;
const ROWS_A_STATEMENT = 10_000;

/** Events with a parked delivery each, as if a receiver had been down for long: by SQL, since it is not parking that is measured. */
export async function insertParked({ databaseUrl, firstId, count, status }: ParkedRows): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (let from = 0; from < count; from += ROWS_A_STATEMENT) {
      const rows = Math.min(ROWS_A_STATEMENT, count - from);
      await client.query(INSERT, [firstId + from, rows, status, CHATS, encodeMeta(META)]);
    }
    await client.query('vacuum analyze events, deliveries');
  } finally {
    await client.end();
  }
}

const META: EnvelopeMeta = {
  id: '019ab2c4-0000-7000-8000-000000000001',
  source: 'telegram',
  tenant: 'default',
  provider: 'telegram',
  type: 'message',
  dedupKey: 'parked',
  orderingKey: null,
  occurredAt: null,
  receivedAt: 1_795_372_800_000,
  method: 'POST',
  url: 'https://hooks.example.com/webhook/telegram',
  headers: [['content-type', 'application/json']],
  priority: 'normal',
  traceparent: null,
  notBefore: null,
};

/** About 700 bytes each, as a usual text message. */
const INSERT = `
  with stored as (
    insert into events (seq, id, source, tenant, provider, type, dedup_key, ordering_key, received_at, priority, tier, routing, key_id,
                        meta, body)
    select nextval('event_seq'), gen_random_uuid(), 'telegram', 'default', 'telegram', 'message', 'parked-' || n,
           (n % $4::int)::text, now(), 'normal', 'inbox', 'routed', 'none', $5::bytea,
           convert_to('{"update_id":' || n || ',"message":{"chat":{"id":' || n % $4::int || '},"text":"' || repeat('x', 640) || '"}}', 'UTF8')
      from generate_series($1::bigint, $1::bigint + $2::bigint - 1) n
    returning *
  )
  insert into deliveries (id, stored_day, seq, event_id, source, tenant, route, destination, ordering_key, priority, state, tries,
                          attempts, park_reason, body_bytes, finished_at)
  select gen_random_uuid(), stored_day, seq, id, source, tenant, 'all', 'receiver', ordering_key, 'normal', 'parked', 6,
         jsonb_build_array(jsonb_build_object('at', now(), 'ms', 5, 'outcome', 'park', 'status', $3::int, 'error', null,
                                              'excerpt', 'down for maintenance')),
         'exhausted', octet_length(body), now()
    from stored`;
