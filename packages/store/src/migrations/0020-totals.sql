-- works-from: 10
-- What happened in each minute, by source, and by source and destination. Processes count in memory and add what they have once a
-- minute, beside all other work: one that is killed has not told its last minute. So these are totals for people to look at, and nothing
-- is decided by them. Older minutes are folded: a row is of the time from `at` to the next row's grid, of minutes, ten minutes or hours.
-- The release before neither writes nor reads them.
create table source_totals (
  at timestamptz not null,
  source text not null,
  tenant text not null,
  -- Answered with a 2xx by an ingress, by the tier that had them first.
  accepted_kafka bigint not null,
  accepted_inbox bigint not null,
  accepted_spool bigint not null,
  -- Answers by how long they took, in the buckets of `packages/store/src/ack-buckets.ts`; empty: no ingress has told any.
  acks bigint[] not null,
  -- Events that a processor stored, by the log that it took them from.
  stored_kafka bigint not null,
  stored_inbox bigint not null,
  primary key (at, source, tenant)
);
create table delivery_totals (
  at timestamptz not null,
  source text not null,
  tenant text not null,
  destination text not null,
  delivered bigint not null,
  -- Attempts that did not deliver.
  failed bigint not null,
  parked bigint not null,
  primary key (at, source, tenant, destination)
);

-- What a person may still have to do something about, for the overview; few of all.
create index replays_pending on replays (created_at) where state in ('counting', 'announced', 'trickle', 'running', 'stopped');
