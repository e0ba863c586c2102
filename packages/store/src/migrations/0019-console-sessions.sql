-- works-from: 10
-- Who is signed in to the console with a browser, for all consoles. The release before does not know it: it has no page.
create table console_sessions (
  -- The secret of the cookie itself is nowhere.
  session_sha256 bytea primary key,
  -- Who did something, in the audit.
  name text not null,
  -- Of a token: it dies with it. Of a person that an OIDC provider knows: the role that it came by.
  token_id uuid references console_tokens (id) on delete cascade,
  role text,
  scopes text[] not null check (scopes <> '{}' and scopes <@ array['view', 'payload', 'operate', 'configure']),
  -- null: all of them.
  tenant text,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  -- To a minute.
  used_at timestamptz not null default now(),
  constraint console_sessions_of check ((token_id is null) <> (role is null))
);
create index console_sessions_name on console_sessions (name, used_at);
create index console_sessions_used on console_sessions (used_at);
