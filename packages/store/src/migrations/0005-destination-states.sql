-- How a destination is, over all processors. One without a row has never failed. Its rules are at the top of destination-states.ts.
create table destination_states (
  name text primary key,
  status text not null default 'CLOSED' check (status in ('CLOSED', 'OPEN', 'HALF_OPEN')),
  -- Failures in a row.
  failures integer not null default 0,
  -- Counts every change, so that the newest is known whatever the order in which they are heard of.
  version bigint not null default 0,
  -- Counts the changes of status: what began in one says nothing in the next.
  epoch integer not null default 0,
  -- OPEN: nobody tries it before.
  reopens_at timestamptz,
  -- HALF_OPEN: until then the probe is somebody's.
  probe_until timestamptz,
  -- When it last closed after an opening: slow start counts from it.
  closed_at timestamptz,
  check ((status = 'OPEN') = (reopens_at is not null)),
  check ((status = 'HALF_OPEN') = (probe_until is not null))
);
