-- Why a delivery is parked, in a few words that many share: its destination and the last answer ("crm 503", "crm timeout",
-- "crm unreadable"). PostgreSQL makes it of the columns, so that whoever parks a delivery, also the release before, gives it one.
alter table deliveries add column park_cause text generated always as (
  case when state = 'parked'
       then destination || ' ' || coalesce(attempts -> -1 ->> 'status', attempts -> -1 ->> 'error', park_reason, 'unknown')
  end) stored;
create index deliveries_parked_cause on deliveries (park_cause, finished_at, id) include (destination) where state = 'parked';

-- What people did: written by the transaction that did it.
create table audit (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null,
  action text not null,
  subject text not null,
  details jsonb not null default '{}'
);
create index audit_at on audit (at);
