-- The tables of the WhatsApp intake, in a schema of their own in Ackline's database. May be run again and again.
--   psql "$DATABASE_URL" --single-transaction --set ON_ERROR_STOP=1 --file schema.sql

-- Who comes second waits: two at once would both try to make the schema.
select pg_advisory_xact_lock(hashtext('whatsapp_intake'));

create schema if not exists whatsapp_intake;

-- A row for each message, whether the message itself or one of its statuses came first.
create table if not exists whatsapp_intake.messages (
  sid text primary key,
  direction text not null check (direction in ('incoming', 'outgoing')),
  -- As Twilio has them: whatsapp:+15550001234, or +15550001234.
  customer text,
  business text,
  -- null: only a status has come yet.
  body text,
  -- Of an answer: the message that it answers.
  answers text,
  status text not null,
  -- Its place in the list of handlers/statuses.ts: a status never goes back.
  status_rank smallint not null,
  error_code text,
  created_at timestamptz not null default now()
);

create index if not exists messages_of_customer on whatsapp_intake.messages (customer, created_at);

-- A row for each file of an incoming message: its bytes, or why they were not taken.
create table if not exists whatsapp_intake.media (
  message_sid text not null references whatsapp_intake.messages on delete cascade,
  position smallint not null,
  content_type text not null,
  bytes bytea,
  refused text,
  created_at timestamptz not null default now(),
  primary key (message_sid, position),
  check ((bytes is null) <> (refused is null))
);
