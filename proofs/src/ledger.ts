import pg from 'pg';
import type { CountingReceiver } from './counting-receiver.ts';
import type { Sent } from './telegram-load.ts';

/** What was accepted against what is stored and delivered, counted by id. */
export interface Ledger {
  readonly requests: number;
  readonly accepted: number;
  readonly stored: number;
  /** Accepted and not stored: must be 0. */
  readonly lost: number;
  /** Rows beyond the first of an update: must be 0. */
  readonly storedTwice: number;
  /** Stored though the sender got no answer (it was lost, or the request timed out): allowed, at most once each. */
  readonly storedUnanswered: number;
  /** Stored though the sender was told to send again, since the log's word did not come in time: allowed, at most once each. */
  readonly storedRefused: number;
  /** Accepted and not at the receiver: must be 0. */
  readonly undelivered: number;
  /** Deliveries that the receiver got beyond the first: at least once, so allowed. */
  readonly deliveredAgain: number;
  readonly deliveryStates: Readonly<Record<string, number>>;
  readonly tiers: Readonly<Record<string, number>>;
  /** Updates whose first arrival came after that of a later one of their chat. */
  readonly outOfOrder: number;
}

interface StoredRow {
  readonly update_id: string;
  readonly tier: string;
}

/** True once nothing waits any more: every log is empty and every delivery finished. */
export async function isDrained(databaseUrl: string, accepted: number): Promise<boolean> {
  return withClient(databaseUrl, async client => {
    const result = await client.query<{ open: number; waiting: number; events: number }>(
      `select (select count(*)::int from deliveries where state <> 'parked') as open,
              (select count(*)::int from inbox) as waiting, (select count(*)::int from events) as events`,
    );
    const row = result.rows[0];
    return row !== undefined && row.open === 0 && row.waiting === 0 && row.events >= accepted;
  });
}

export async function takeLedger(
  databaseUrl: string,
  sent: readonly Sent[],
  receiver: Pick<CountingReceiver, 'byChat' | 'counts'>,
): Promise<Ledger> {
  const idsOf = (requests: readonly Sent[]) => new Set(requests.map(request => request.updateId));
  const accepted = idsOf(sent.filter(request => request.status === 200));
  const answered = idsOf(sent.filter(request => request.status !== null));
  return withClient(databaseUrl, async client => {
    const events = await client.query<StoredRow>(
      `select tier, split_part(dedup_key, '|', 1) as update_id from events`,
    );
    const states = await client.query<{ state: string; count: number }>(
      'select state, count(*)::int as count from all_deliveries group by state',
    );
    const stored = new Set(events.rows.map(row => Number(row.update_id)));
    return {
      requests: sent.length,
      accepted: accepted.size,
      stored: events.rows.length,
      lost: accepted.difference(stored).size,
      storedTwice: events.rows.length - stored.size,
      storedUnanswered: stored.difference(answered).size,
      storedRefused: stored.intersection(answered).difference(accepted).size,
      undelivered: [...accepted].filter(id => !receiver.counts.has(id)).length,
      deliveredAgain: [...receiver.counts.values()].reduce((sum, count) => sum + count - 1, 0),
      deliveryStates: Object.fromEntries(states.rows.map(row => [row.state, row.count])),
      tiers: countBy(events.rows.map(row => row.tier)),
      outOfOrder: countOutOfOrder(receiver.byChat),
    };
  });
}

function countBy(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

/** Repeats aside: at least once means that an update may come again behind later ones. */
function countOutOfOrder(byChat: ReadonlyMap<number, readonly number[]>): number {
  let late = 0;
  for (const arrivals of byChat.values()) {
    let newest = -1;
    for (const updateId of new Set(arrivals)) {
      if (updateId < newest) late += 1;
      newest = Math.max(newest, updateId);
    }
  }
  return late;
}

async function withClient<T>(databaseUrl: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'ackline-proof' });
  client.on('error', () => undefined); // the query in flight rejects with the same error
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
