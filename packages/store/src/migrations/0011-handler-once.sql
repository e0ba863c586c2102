-- works-from: 10
-- What a handler does once (ctx.once): claimed before it is done, with its result after, so that a retry does not do it again.
-- The release before has no handlers: it holds their deliveries, and leaves this table alone.
create table handler_once (
  destination text not null,
  key text not null,
  -- Of the call that has it, or had it last; and of whose delivery that was.
  claim uuid not null,
  delivery uuid not null,
  begun_at timestamptz not null default clock_timestamp(),
  -- Whoever has the claim is at it until then at the latest; later nobody knows whether it was done, unless it says so.
  held_until timestamptz not null,
  done boolean not null default false,
  -- JSON, sealed; null: it came to nothing.
  key_id text,
  result bytea,
  primary key (destination, key)
) with (fillfactor = 85); -- a result goes where its claim is, with no work for an index
create index handler_once_begun on handler_once (begun_at);
