-- Replays of many deliveries. What each is to send is listed before any of it is sent, so that it is counted first.
create table replays (
  id uuid primary key,
  created_at timestamptz not null default now(),
  created_by text not null,
  filter jsonb not null,
  rate_per_s double precision not null check (rate_per_s > 0),
  -- so many go first, and the others only when all of these have arrived
  trickle integer not null check (trickle between 1 and 100),
  state text not null check (state in ('counting', 'announced', 'trickle', 'running', 'stopped', 'cancelled', 'done')),
  -- what was finished or parked after it is not in the list, and is not sent
  counted_at timestamptz not null default now(),
  counted bigint not null default 0,
  released bigint not null default 0,
  skipped bigint not null default 0,
  -- items before it are gone
  next_n bigint not null default 1,
  -- the rate counts from here
  paced_at timestamptz not null default now(),
  -- what the trickle that is under way has sent
  trickle_ids uuid[] not null default '{}',
  -- why it was stopped
  reason text,
  changed_at timestamptz not null default now(),
  finished_at timestamptz,
  constraint replays_count check (released + skipped <= counted)
);
create index replays_active on replays (created_at) where state in ('trickle', 'running');

-- What is left of it, in the order of sending. An item goes with the transaction that makes its delivery due, or finds it changed.
create table replay_items (
  replay_id uuid not null,
  n bigint not null,
  delivery_id uuid not null,
  -- of a finished one: its day; null: it is parked
  finished_day date,
  primary key (replay_id, n)
);
create index replay_items_day on replay_items (replay_id, finished_day) where finished_day is not null;

-- The replay that sent it last.
alter table deliveries add column replay_id uuid;
create index deliveries_replay on deliveries (replay_id, state) where replay_id is not null;

-- Bodies that a person sends in the place of an event's own. The newest one of a delivery counts; the event stays as it came.
create table delivery_edits (
  delivery_id uuid not null,
  n integer not null,
  edited_at timestamptz not null default now(),
  edited_by text not null,
  key_id text not null,
  body bytea not null,
  primary key (delivery_id, n)
);
