-- The order in which events are stored. Deliveries of one key go out in this order; ids and clocks never decide.
create sequence event_seq;

-- The second event log: what the ingress could not give to Kafka (or all of it, where there is no Kafka).
-- Rows are taken by deleting them in the transaction that stores them, never by a cursor: `n` can commit out of order.
create table inbox (
  n bigint generated always as identity primary key,
  id uuid not null unique,
  -- positive murmur2 of the record key; its lane is key_hash % lanes
  key_hash integer not null check (key_hash >= 0),
  -- the greatest offset that the appending process knew to be acked in this event's Kafka partition; -1: none
  after_offset bigint not null,
  appended_at timestamptz not null default now(),
  key_id text not null,
  meta bytea not null,
  body bytea not null
);
create index inbox_key_hash on inbox (key_hash, n);

-- One row a lane (Kafka partition): locking it serialises the storing of that lane, over all processors.
-- next_offset is written by the transaction that stores the records before it: the truth that Kafka's committed offset follows.
create table lanes (
  lane integer primary key check (lane >= 0),
  topic_id text,
  next_offset bigint,
  updated_at timestamptz not null default now()
);

-- One row per provider event within the dedup window. Not partitioned by day: its unique key would have to include the day.
create table event_keys (
  source text not null,
  dedup_key text not null,
  event_id uuid not null,
  stored_at timestamptz not null default now(),
  primary key (source, dedup_key)
);
create index event_keys_stored_at on event_keys using brin (stored_at);

-- By the day of storing (database clock, UTC).
create table events (
  stored_day date not null default (now() at time zone 'utc')::date,
  seq bigint not null,
  id uuid not null,
  source text not null,
  tenant text not null,
  provider text not null,
  type text not null,
  dedup_key text not null,
  ordering_key text,
  occurred_at timestamptz,
  received_at timestamptz not null,
  stored_at timestamptz not null default now(),
  priority text not null check (priority in ('normal', 'high')),
  tier text not null check (tier in ('kafka', 'inbox')),
  -- routed: has deliveries; unmatched: no route wants it; unrouted: the processor did not know its source yet
  routing text not null check (routing in ('routed', 'unmatched', 'unrouted')),
  key_id text not null,
  meta bytea not null,
  body bytea not null,
  primary key (stored_day, seq)
) partition by range (stored_day);
create table events_default partition of events default;
create index events_id on events (id);
create index events_unrouted on events (seq) where routing = 'unrouted';

create table deliveries (
  stored_day date not null,
  id uuid not null,
  seq bigint not null,
  event_id uuid not null,
  source text not null,
  tenant text not null,
  route text not null,
  destination text not null,
  -- null: the destination asks for no order, or the event has no key
  ordering_key text,
  priority text not null check (priority in ('normal', 'high')),
  state text not null check (state in ('due', 'leased', 'delivered', 'parked', 'discarded')),
  due_at timestamptz not null default now(),
  lease_id uuid,
  lease_until timestamptz,
  -- recorded outcomes since the last (re)start of the schedule: only these use it up
  tries integer not null default 0,
  interruptions integer not null default 0,
  -- every attempt: {at, ms, outcome, status, error, excerpt}; bounded by the writer
  attempts jsonb not null default '[]',
  park_reason text,
  -- true: later deliveries of this key wait for this row (parked under onPark: block, until delivered or discarded)
  blocks boolean not null default false,
  -- true: sent again by a person; outside the order unless it blocks
  replay boolean not null default false,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (stored_day, id),
  constraint deliveries_lease check ((state = 'leased') = (lease_id is not null and lease_until is not null))
) partition by range (stored_day);
create table deliveries_default partition of deliveries default;
create index deliveries_id on deliveries (id);
create index deliveries_event on deliveries (event_id);
-- 'high' sorts before 'normal'
create index deliveries_due on deliveries (destination, priority, due_at) where state = 'due';
create index deliveries_leased on deliveries (destination, lease_until) where state = 'leased';
create index deliveries_parked on deliveries (finished_at) where state = 'parked';
-- what a later delivery of the same key must wait for
create index deliveries_open_key on deliveries (destination, source, ordering_key, seq)
  where ordering_key is not null and (blocks or (state in ('due', 'leased') and not replay));

-- Records that can't be stored: kept with the reason, passed, shown. Nothing accepted vanishes.
create table quarantine (
  id bigint generated always as identity primary key,
  quarantined_at timestamptz not null default now(),
  origin text not null,
  reason text not null,
  key_id text not null,
  meta bytea not null,
  body bytea not null
);

-- Destinations that take no work just now: paused by a person, or disabled by their own 410. Work for them is held.
create table paused_destinations (
  name text primary key,
  reason text not null,
  paused_at timestamptz not null default now()
);

-- Each processor's last word on itself.
create table processors (
  id text primary key,
  heartbeat_at timestamptz not null default now(),
  state jsonb not null
);
