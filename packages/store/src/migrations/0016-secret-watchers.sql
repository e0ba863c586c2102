-- works-from: 10
-- Ingress processes that write down what secrets proved (`secret_uses`), each with when it wrote last. One that ends says so, and has no
-- row any more: one that is silent may run without PostgreSQL, and what it alone was called with is not known.
create table secret_watchers (
  id uuid primary key,
  told_at timestamptz not null
);
