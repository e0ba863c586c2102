-- What is left of a replay, by destination: one that takes no work holds up its own items alone. '': listed by the release before,
-- of any destination.
alter table replay_items add column destination text not null default '';
create index replay_items_destination on replay_items (replay_id, destination, n);
