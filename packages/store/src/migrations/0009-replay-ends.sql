-- How deliveries that a replay has sent ended: a row for each batch of outcomes with some of them, until a processor adds them up in
-- the replay's row. So nobody who writes outcomes waits for a replay's lock. What a processor of the release before ends is not here.
create table replay_ends (
  replay_id uuid not null,
  delivered integer not null default 0,
  discarded integer not null default 0
);
create index replay_ends_replay on replay_ends (replay_id);
alter table replays add column delivered bigint not null default 0, add column discarded bigint not null default 0;
