// The store's calls that the million's part makes: when their form changes, this file does.
import { randomUUID } from 'node:crypto';
import { encodeMeta } from '@ackline/shared/envelope-codec';
import type { NewDelivery } from '@ackline/store/deliveries';
import { claimDue, findDue } from '@ackline/store/delivery-claims';
import { insertFirst } from '@ackline/store/delivery-insert';
import { insertEvents } from '@ackline/store/events';
import { inTransaction } from '@ackline/store/transaction';
import type { Pool, PoolClient } from 'pg';
import { type NumberRange, sampleEvents } from './sample-events.ts';

/** Long enough that nothing sweeps it while the part runs. */
const LEASE_MS = 600_000;
/** More than the bodies of one claim have. */
const CLAIM_BYTES = 64 * 1024 * 1024;
/** Of all samples. */
const TENANT = 'default';
/** Of rows that are there to be claimed; no route of the configuration. */
const ROUTE = 'claims';

export interface Claim {
  readonly destination: string;
  readonly limit: number;
}

/** Leases up to `limit` due deliveries of the samples' tenant; tells how many. */
export async function claimOnce(pool: Pick<Pool, 'query'>, claim: Claim): Promise<number> {
  const from = [{ tenant: TENANT, priority: 'normal', quota: claim.limit }] as const;
  const lease = { leaseId: randomUUID(), leaseMs: LEASE_MS };
  return (await claimDue(pool, { ...claim, ...lease, from, maxBytes: CLAIM_BYTES })).length;
}

/** Whether something is due; asked before each claim. */
export async function findDueOnce(pool: Pick<Pool, 'query'>, destination: string): Promise<boolean> {
  return (await findDue(pool, [destination])).flows.length > 0;
}

/** Stores events with one due delivery each, as the processor does. */
export async function addDue(pool: Pool, range: NumberRange, destination: string): Promise<void> {
  await inTransaction(pool, client => insertDue(client, client, { range, destination }));
}

export interface ExplainedCall {
  readonly name: string;
  readonly plan: string;
}

/** What PostgreSQL does for each of the calls, with times and buffers; nothing of it stays. */
export async function explainCalls(
  pool: Pool,
  range: NumberRange,
  claim: Claim,
): Promise<readonly ExplainedCall[]> {
  const { destination } = claim;
  const client = await pool.connect();
  try {
    await client.query('begin');
    const plans: ExplainedCall[] = [];
    const explain = async (name: string, call: (queryable: PoolClient) => Promise<unknown>) => {
      await call(explaining(client, plan => plans.push({ name, plan })));
    };
    await explain('find what is due', queryable => findDueOnce(queryable, destination));
    await explain('claim', queryable => claimOnce(queryable, claim));
    await explain('insert', queryable => insertDue(client, queryable, { range, destination }));
    return plans;
  } finally {
    await client.query('rollback');
    client.release();
  }
}

async function insertDue(
  client: PoolClient,
  forDeliveries: PoolClient,
  { range, destination }: { readonly range: NumberRange; readonly destination: string },
): Promise<void> {
  const events = sampleEvents(range);
  const places = await insertEvents(
    client,
    events.map(({ body, ...meta }) => ({
      ...meta,
      tier: 'kafka',
      routing: 'routed',
      keyId: 'none',
      meta: encodeMeta(meta),
      body,
    })),
  );
  const rows = events.map((event): NewDelivery & { readonly followed: false } => {
    const place = places.get(event.id);
    if (place === undefined) throw new Error('an inserted event has no place');
    return {
      id: randomUUID(),
      ...place,
      eventId: event.id,
      source: event.source,
      tenant: event.tenant,
      route: ROUTE,
      destination,
      orderingKey: event.dedupKey, // a key of its own: each of them may go
      priority: event.priority,
      notBefore: event.notBefore,
      lease: null,
      bodyBytes: event.body.byteLength,
      keepHistory: true,
      transforms: false,
      followed: false,
    };
  });
  await insertFirst(forDeliveries, rows);
}

/** Runs each statement under EXPLAIN in place of the statement itself. */
function explaining(client: PoolClient, take: (plan: string) => void): PoolClient {
  const query = async ({ text, values }: { readonly text: string; readonly values: unknown[] }) => {
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `explain (analyze, buffers) ${text}`,
      values,
    );
    take(rows.map(row => row['QUERY PLAN']).join('\n'));
    return { rows: [], rowCount: 0 };
  };
  return { query } as unknown as PoolClient;
}
