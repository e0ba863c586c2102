import type { EnvelopeMeta } from '@ackline/shared/envelope';
import { encodeMeta } from '@ackline/shared/envelope-codec';
import pg from 'pg';

export interface FillOptions {
  readonly databaseUrl: string;
  readonly events: number;
  /** Of them, the oldest: each has a parked delivery, all others a finished one. */
  readonly parked: number;
  readonly log: (line: string) => void;
}

const DAYS = 7;
const BATCH = 100_000;
const SOURCES = 10;
const KEYS = 50_000;
const FILLING_LIMIT_MS = 15 * 60_000;

const META: EnvelopeMeta = {
  id: '019ab2c4-0000-7000-8000-000000000001',
  source: 'telegram',
  tenant: 't0',
  provider: 'telegram',
  type: 'message',
  dedupKey: 'filled',
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

/** A database as it is after a week of traffic: by SQL, since it is not storing that is measured. */
export async function fill({ databaseUrl, events, parked, log }: FillOptions): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl, query_timeout: FILLING_LIMIT_MS });
  await client.connect();
  try {
    // Of the rows that a proof makes none has to outlive a crash.
    await client.query("set synchronous_commit = off; set statement_timeout = 0; set timezone = 'UTC'");
    await makeDays(client);
    for (let from = 0; from < events; from += BATCH) {
      const rows = Math.min(BATCH, events - from);
      await client.query(EVENTS, [from, rows, events, encodeMeta(META)]);
      await client.query(KEYS_OF, [from, rows]);
      await client.query(DELIVERIES, [from, Math.min(rows, Math.max(0, parked - from))]);
      const finishedFrom = Math.max(from, parked);
      await client.query(FINISHED, [finishedFrom, Math.max(0, from + rows - finishedFrom)]);
      log(`${from + rows} events`);
    }
    await client.query("select setval('event_seq', $1)", [events]);
    for (const text of BESIDE) await client.query(text);
    await client.query('vacuum (analyze)');
  } finally {
    await client.end();
  }
}

async function makeDays(client: pg.Client): Promise<void> {
  for (let day = 1; day < DAYS; day += 1) {
    for (const table of ['events', 'finished_deliveries'])
      await client.query(
        `do $$ begin execute format('create table if not exists ${table}_%s partition of ${table} for values from (%L) to (%L)',
           to_char(current_date - ${day}, 'YYYYMMDD'), current_date - ${day}, current_date - ${day - 1}); end $$`,
      );
  }
}

/** About 300 bytes of body each, over seven days up to now. */
const EVENTS = `
  insert into events (seq, id, source, tenant, provider, type, dedup_key, ordering_key, received_at, stored_at, stored_day, priority, tier,
                      routing, key_id, meta, body)
  select n, gen_random_uuid(), 's' || n % ${SOURCES}, 't' || n % 3, 'telegram', 'type' || n % 7, 'd' || n, 'k' || n % ${KEYS}, at, at, at::date,
         'normal', 'inbox', 'routed', 'none', $4::bytea,
         convert_to('{"update_id":' || n || ',"message":{"text":"' || repeat('x', 240) || '"}}', 'UTF8')
    from (select n, date_trunc('day', now()) - interval '${DAYS - 1} days'
                    + (n::float8 / $3::float8) * (now() - date_trunc('day', now()) + interval '${DAYS - 1} days') as at
            from generate_series($1::bigint + 1, $1::bigint + $2::bigint) n) e`;

const KEYS_OF = `
  insert into event_keys (source, dedup_key, event_id, stored_at)
  select source, dedup_key, id, stored_at from events where seq > $1::bigint and seq <= $1::bigint + $2::bigint`;

const OF_EVENTS = 'from events where seq > $1::bigint and seq <= $1::bigint + $2::bigint';

/** Twelve causes. */
const DELIVERIES = `
  insert into deliveries (id, stored_day, seq, event_id, source, tenant, route, destination, priority, state, tries, park_reason, finished_at,
                          attempts)
  select gen_random_uuid(), stored_day, seq, id, source, tenant, 'all', 'd' || seq % 4, 'normal', 'parked', 6, 'exhausted', stored_at,
         jsonb_build_array(jsonb_build_object('at', stored_at, 'ms', 12, 'outcome', 'park', 'status', 500 + seq % 3, 'error', null,
                                              'excerpt', null)) ${OF_EVENTS}`;

const FINISHED = `
  insert into finished_deliveries (id, stored_day, seq, event_id, source, tenant, route, destination, priority, state, tries, finished_at, attempts)
  select gen_random_uuid(), stored_day, seq, id, source, tenant, 'all', 'd' || seq % 4, 'normal', 'delivered', 1, stored_at,
         jsonb_build_array(jsonb_build_object('at', stored_at, 'ms', 12, 'outcome', 'delivered', 'status', 200, 'error', null,
                                              'excerpt', null)) ${OF_EVENTS}`;

/** What the other pages list, as much as there ever is of it, and totals of 30 days, folded as they are. */
const BESIDE = [
  "insert into audit (actor, action, subject) select 'a' || n % 10, 'delivery.replayed', 's' || n from generate_series(1, 100000) n",
  `insert into replays (id, created_by, filter, rate_per_s, trickle, state)
   select gen_random_uuid(), 'me', '{"state":"parked","source":"s1"}', 1, 1, 'done' from generate_series(1, 5000)`,
  `insert into rejected_requests (request_id, rejected_at, source, provider, code, reason, method, url, headers, body_bytes, body_sha256,
     secrets, tried, diagnosis, what, fix)
   select gen_random_uuid(), now() - n * interval '1 s', 's' || n % 10, 'telegram', 'ACKLINE_BAD_SIGNATURE', 'wrong_signature', 'POST', '/',
          '{"known":[],"others":0}', 0, '', 1, '{}', 'unknown', 'w', 'f' from generate_series(1, 10000) n`,
  ...(
    [
      ['30 days', '3 days', '1 hour'],
      ['3 days', '7 hours', '10 minutes'],
      ['7 hours', '0 s', '1 minute'],
    ] as const
  ).map(
    ([from, until, grain]) => `
    insert into source_totals
    select at, 's' || n, 't' || n % 3, 5, 1, 0, array_fill(7::bigint, array[30]), 5, 1
      from generate_series(date_bin('1 hour', now() - interval '${from}', 'epoch'), now() - interval '${until}', interval '${grain}') at,
           generate_series(0, ${SOURCES - 1}) n on conflict do nothing`,
  ),
  "insert into delivery_totals select at, source, tenant, 'd' || d, 5, 1, 1 from source_totals, generate_series(0, 3) d",
];
