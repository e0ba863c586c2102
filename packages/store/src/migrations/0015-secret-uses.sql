-- works-from: 10
-- When each secret of a source last proved a request, over all ingresses and restarts (`ackline sources`). An ingress of the release before
-- writes nothing here: while one runs beside newer ones, what it alone was called with does not count as a use.
create table secret_uses (
  source text not null,
  -- 32 bits of a hash, which tell the secrets of a source apart. A secret that can be guessed is confirmed by them.
  fingerprint text not null,
  -- The later one of two is the newer secret.
  first_listed_at timestamptz not null default now(),
  last_listed_at timestamptz not null default now(),
  -- Since then some ingress has noted uses without a pause of minutes.
  watched_since timestamptz not null default now(),
  last_used_at timestamptz,
  uses bigint not null,
  -- How many requests the source's other secrets have proved since this one last proved one.
  others_since bigint not null,
  primary key (source, fingerprint)
);
