-- false: once delivered, the row goes without a trace, and its event with it where nothing else needs that. A processor of the
-- release before keeps them all.
alter table deliveries add column keep_history boolean not null default true;
