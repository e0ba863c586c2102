-- works-from: 10
-- Certificates that providers show at URLs and that an ingress has found good, so that one that starts knows them. Each ingress checks
-- them anew. The release before neither writes nor reads them: it has each one fetched once more.
create table published_certificates (
  url text not null,
  -- Whom it has to be made out to, and was.
  subject text not null,
  -- In PEM, with those between it and a root behind it.
  chain text not null,
  fetched_at timestamptz not null,
  primary key (url, subject)
);
