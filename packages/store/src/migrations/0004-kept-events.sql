-- Events of days that were dropped, which still have a delivery or wait for a route. A column that events gets, this one needs too,
-- at the same place.
create table kept_events (like events including defaults including constraints, primary key (stored_day, seq));
create index kept_events_id on kept_events (id);

-- Nothing looks for keys by their time: see event-keys.ts.
drop index event_keys_stored_at;
