-- The tables of the respond.io intake, in a schema of their own in Ackline's database. May be run again and again.
--   psql "$DATABASE_URL" --single-transaction --set ON_ERROR_STOP=1 --file schema.sql

-- Who comes second waits: two at once would both try to make the schema.
select pg_advisory_xact_lock(hashtext('respondio_intake'));

create schema if not exists respondio_intake;

-- A row for each contact of a tenant, as the newest event that names it has it.
create table if not exists respondio_intake.contacts (
  tenant text not null,
  id text not null,
  phone text,
  email text,
  first_name text,
  last_name text,
  -- All that respond.io says of it.
  fields jsonb not null,
  -- The event that this is from: its time, and its message where several have the same.
  seen_at timestamptz not null,
  seen_message text not null,
  primary key (tenant, id)
);

create table if not exists respondio_intake.messages (
  tenant text not null,
  -- Ids of messages are those of a channel. '': none was named.
  channel_id text not null,
  id text not null,
  contact_id text not null,
  direction text not null check (direction in ('incoming', 'outgoing')),
  channel_name text,
  type text,
  body text,
  sent_at timestamptz not null,
  stored_at timestamptz not null default now(),
  primary key (tenant, channel_id, id),
  foreign key (tenant, contact_id) references respondio_intake.contacts
);

create index if not exists messages_of_contact on respondio_intake.messages (tenant, contact_id, sent_at);
