-- works-from: 10
-- By what keys of events, which may be phone numbers, are hidden from who may not see them: one random secret, for all consoles and
-- the command line. The release before hides them by a plain hash, and does not know it.
create table hidden_keys_secret (
  -- There is one row.
  is_only boolean primary key default true check (is_only),
  secret bytea not null
);
-- 244 random bits.
insert into hidden_keys_secret (secret) values (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
