-- works-from: 10
-- What operators cleared of handlers' caches (`ackline cache clear`). Values are kept under names with the version, so that whoever
-- knows it finds nothing of before, wherever that lies: in the memory of a processor that stood still, or in a Redis that was away.
-- The release before does not know it: its processors give out what they have until its time is over.
create table cache_clears (
  destination text not null,
  -- Of one key; empty: of all keys of the destination.
  key_hash text not null,
  -- Epoch milliseconds, and greater than all before.
  version bigint not null,
  primary key (destination, key_hash)
);
create index cache_clears_version on cache_clears (version);

-- What a processor's handlers have counted since it started, for `ackline perf` and `ackline cache stats`.
alter table processors add column figures jsonb;
