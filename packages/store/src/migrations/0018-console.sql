-- works-from: 10
-- index: deliveries_parked_tenant on deliveries (tenant, park_cause, finished_at, id) include (destination) where state = 'parked'
-- Who may call the operator API from elsewhere than the machine itself (`ackline tokens`). The release before does not know it: it has
-- no API.
create table console_tokens (
  id uuid primary key default gen_random_uuid(),
  -- Who did something, in the audit.
  name text not null,
  -- The token itself is nowhere.
  token_sha256 bytea not null unique,
  scopes text[] not null check (scopes <> '{}' and scopes <@ array['view', 'payload', 'operate', 'configure']),
  -- null: all of them.
  tenant text,
  created_at timestamptz not null default now(),
  created_by text not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz
);
create unique index console_tokens_name on console_tokens (name) where revoked_at is null;

-- The index above: what is parked by tenant and cause, for `GET /parked/causes` of a token that is of one tenant. A row that is stored is
-- not parked, so that storing pays nothing for it.
create index replays_created on replays (created_at, id);
