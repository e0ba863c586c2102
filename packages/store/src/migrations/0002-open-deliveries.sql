-- What is not finished moves to a table of its own without partitions: a claim looks at nothing else, and a unique index
-- keeps one head a key, which no table partitioned by day could. What is finished stays by day.
do $$
declare
  child text;
begin
  for child in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
                where i.inhparent = 'deliveries'::regclass loop
    execute format('alter table %I rename to %I', child, 'finished_' || child);
  end loop;
end $$;
alter table deliveries rename to finished_deliveries;
drop index deliveries_due, deliveries_leased, deliveries_parked, deliveries_open_key;
alter index deliveries_id rename to finished_deliveries_id;
alter index deliveries_event rename to finished_deliveries_event;
alter table finished_deliveries rename constraint deliveries_pkey to finished_deliveries_pkey;

create table deliveries (
  id uuid primary key,
  stored_day date not null,
  seq bigint not null,
  event_id uuid not null,
  source text not null,
  tenant text not null,
  route text not null,
  destination text not null,
  -- null: the destination asks for no order, or the event has no key
  ordering_key text,
  priority text not null check (priority in ('normal', 'high')),
  -- waiting: an earlier one of its key is open. A finished one is in finished_deliveries
  state text not null check (state in ('waiting', 'due', 'leased', 'parked')),
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
  -- true: rows of its key may wait behind it, so who takes it away has to look for the next one
  followed boolean not null default false,
  -- of its event's body, so that a claim can be bounded without a look at bodies
  body_bytes integer not null default 0,
  created_at timestamptz not null default now(),
  -- when it was parked
  finished_at timestamptz,
  constraint deliveries_lease check ((state = 'leased') = (lease_id is not null and lease_until is not null)),
  constraint deliveries_waiting_in_order
    check (state <> 'waiting' or (ordering_key is not null and not blocks and not replay)),
  constraint deliveries_followed_is_head
    check (not followed or (ordering_key is not null and (blocks or (state in ('due', 'leased') and not replay))))
) with (fillfactor = 80,
        -- a queue: small, and soon full of dead rows at any rate
        autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
        autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 5000);

-- Open ones of before: of each key one is its head, the others wait. One that is being sent stays it.
insert into deliveries (id, stored_day, seq, event_id, source, tenant, route, destination, ordering_key, priority, state, due_at,
                        lease_id, lease_until, tries, interruptions, attempts, park_reason, blocks, replay, followed,
                        body_bytes, created_at, finished_at)
select d.id, d.stored_day, d.seq, d.event_id, d.source, d.tenant, d.route, d.destination, d.ordering_key, d.priority,
       case when place > 1 and d.state <> 'parked' then 'waiting' else d.state end, d.due_at,
       case when place = 1 then d.lease_id end, case when place = 1 then d.lease_until end, d.tries, d.interruptions,
       d.attempts, d.park_reason, d.blocks and place = 1, d.replay and place = 1, d.holds and place = 1 and of_key > 1,
       coalesce(octet_length(e.body), 0), d.created_at, d.finished_at
  from (select o.*,
               case when holds then row_number() over (partition by destination, source, ordering_key, holds
                                                           order by blocks desc, (state = 'leased') desc, seq, id)
                    else 1 end as place,
               count(*) over (partition by destination, source, ordering_key, holds) as of_key
          from (select f.*, ordering_key is not null and (blocks or (state in ('due', 'leased') and not replay)) as holds
                  from finished_deliveries f where state in ('due', 'leased', 'parked')) o) d
  left join events e on e.stored_day = d.stored_day and e.seq = d.seq;
delete from finished_deliveries where state in ('due', 'leased', 'parked');

-- Its head: the one of a key that is due, being sent, or blocks. All other open ones of the key wait.
create unique index deliveries_head on deliveries (destination, source, ordering_key)
  where ordering_key is not null and (blocks or (state in ('due', 'leased') and not replay));
create index deliveries_waiting on deliveries (destination, source, ordering_key, seq) where state = 'waiting';
-- 'high' sorts before 'normal'
create index deliveries_due on deliveries (destination, tenant, priority, due_at, seq) where state = 'due' and not replay;
create index deliveries_due_replay on deliveries (destination, due_at, seq) where state = 'due' and replay;
create index deliveries_leased on deliveries (lease_until) where state = 'leased';
create index deliveries_parked on deliveries (finished_at) where state = 'parked';
create index deliveries_event on deliveries (event_id);

-- What is finished is leased to nobody and holds nobody.
alter table finished_deliveries
  drop constraint deliveries_lease,
  drop constraint deliveries_state_check,
  drop column lease_id,
  drop column lease_until,
  drop column blocks,
  add constraint finished_deliveries_state check (state in ('delivered', 'discarded'));
alter table finished_deliveries rename constraint deliveries_priority_check to finished_deliveries_priority_check;

-- For listings; nothing that is done for each event reads it.
create view all_deliveries as
  select id, stored_day, seq, event_id, source, tenant, route, destination, ordering_key, priority, state, due_at, lease_id,
         lease_until, tries, interruptions, attempts, park_reason, blocks, replay, created_at, finished_at
    from deliveries
  union all
  select id, stored_day, seq, event_id, source, tenant, route, destination, ordering_key, priority, state, due_at, null,
         null, tries, interruptions, attempts, park_reason, false, replay, created_at, finished_at
    from finished_deliveries;

-- Events whose source no processor knew: looked for every second, so not through the days, and by source, so that those of
-- a source that is gone for good are in nobody's way.
create table unrouted_events (
  source text not null,
  seq bigint not null,
  stored_day date not null,
  body_bytes integer not null,
  stored_at timestamptz not null default now(),
  primary key (source, seq)
);
insert into unrouted_events (source, seq, stored_day, body_bytes, stored_at)
  select source, seq, stored_day, octet_length(body), stored_at from events where routing = 'unrouted';
drop index events_unrouted;
