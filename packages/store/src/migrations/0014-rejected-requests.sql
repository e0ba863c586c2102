-- works-from: 10
-- Requests that an ingress refused after it had read them, as far as they were kept (`ackline rejected`): what they were like, and the
-- nearest variant that would have been proven. No event. The release before neither writes nor reads them; its processors remove none.
create table rejected_requests (
  request_id uuid primary key,
  rejected_at timestamptz not null,
  source text not null,
  provider text not null,
  code text not null,
  reason text not null,
  method text not null,
  -- Without the query.
  url text not null,
  -- Known names with the lengths of their values, and how many others there were.
  headers jsonb not null,
  body_bytes integer not null,
  body_sha256 text not null,
  -- null: the source does not allow it.
  body bytea,
  -- How many live secrets there were, and how many variants of each kind were tried.
  secrets integer not null,
  tried jsonb not null,
  -- The place of the secret that proves the variant.
  secret_index integer,
  -- From the signed time to the arrival.
  skew_ms bigint,
  -- A code of the diagnosis, and its words.
  diagnosis text not null,
  what text not null,
  fix text not null
);
create index rejected_requests_of_source on rejected_requests (source, rejected_at desc);
create index rejected_requests_by_time on rejected_requests (rejected_at desc);
