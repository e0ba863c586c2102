import pg from 'pg';
import type { CountingReceiver } from '../counting-receiver.ts';
import { RETRY_SCHEDULE } from '../system.ts';

/** Each stored update with what PostgreSQL keeps of its delivery. */
interface DeliveryRow {
  readonly updateId: string;
  readonly state: string | null;
  /** Recorded outcomes that use up the schedule. */
  readonly outcomes: number;
  /** Attempts that ended without one: their processor was killed, or gave them back when it was told to end. */
  readonly interrupted: number;
  readonly givenBack: number;
  readonly tier: string;
  /** Its place in the order of storing. */
  readonly seq: string;
}

export interface DeliveryLedger {
  readonly stored: number;
  /** Rows beyond the first of an update: must be 0. */
  readonly storedTwice: number;
  /** Accepted and not stored: must be 0. */
  readonly lost: number;
  /** Accepted and never at the receiver: must be 0. */
  readonly undelivered: number;
  readonly states: Readonly<Record<string, number>>;
  /** What came to the receiver beyond the first time, by what PostgreSQL says of the delivery's attempts. */
  readonly again: {
    readonly afterItsAnswer: number;
    readonly afterInterruption: number;
    readonly afterGivingBack: number;
    /** More often than there are outcomes and interruptions: must be 0. */
    readonly unexplained: number;
  };
  /** Updates that came first to the receiver after one of their chat that is stored behind them: must be 0. */
  readonly deliveredOutOfOrder: number;
  /** Stored behind a later one of their chat, by the log that had them: an answer that was late, or an inbox row that did not know. */
  readonly storedOutOfOrder: Readonly<Record<string, number>>;
  readonly tiers: Readonly<Record<string, number>>;
  /** Of one delivery. */
  readonly mostOutcomes: number;
  readonly aboveSchedule: number;
}

const QUERY_LIMIT_MS = 120_000;

/** What was accepted against what is stored and what came to the receiver, counted by id. */
export async function takeDeliveryLedger(
  databaseUrl: string,
  accepted: ReadonlySet<number>,
  { counts, byChat }: Pick<CountingReceiver, 'counts' | 'byChat'>,
): Promise<DeliveryLedger> {
  const rows = await readDeliveries(databaseUrl);
  const stored = new Set(rows.map(row => Number(row.updateId)));
  const states: Record<string, number> = {};
  const again = { afterItsAnswer: 0, afterInterruption: 0, afterGivingBack: 0, unexplained: 0 };
  for (const row of rows) {
    const state = row.state ?? 'without a delivery';
    states[state] = (states[state] ?? 0) + 1;
    explain(row, counts.get(Number(row.updateId)) ?? 0, again);
  }
  const outcomes = rows.map(row => row.outcomes);
  const most = RETRY_SCHEDULE.length + 1;
  return {
    stored: rows.length,
    storedTwice: rows.length - stored.size,
    lost: accepted.difference(stored).size,
    undelivered: [...accepted].filter(id => !counts.has(id)).length,
    states,
    again,
    ...compareOrders(rows, byChat),
    mostOutcomes: outcomes.reduce((a, b) => Math.max(a, b), 0),
    aboveSchedule: outcomes.filter(count => count > most).length,
  };
}

/** By chat: the order of storing against that of arrival, and against that of sending. */
function compareOrders(
  rows: readonly DeliveryRow[],
  byChat: CountingReceiver['byChat'],
): Pick<DeliveryLedger, 'deliveredOutOfOrder' | 'storedOutOfOrder' | 'tiers'> {
  const stored = new Map(rows.map(row => [Number(row.updateId), row]));
  const tiers: Record<string, number> = {};
  for (const { tier } of rows) tiers[tier] = (tiers[tier] ?? 0) + 1;
  const storedOutOfOrder: Record<string, number> = {};
  let deliveredOutOfOrder = 0;
  for (const arrivals of byChat.values()) {
    const ofChat = [...new Set(arrivals)].flatMap(id => stored.get(id) ?? []);
    deliveredOutOfOrder += late(ofChat, row => BigInt(row.seq)).length;
    const bySeq = ofChat.toSorted((a, b) => (BigInt(a.seq) < BigInt(b.seq) ? -1 : 1));
    for (const { tier } of late(bySeq, row => BigInt(row.updateId))) {
      storedOutOfOrder[tier] = (storedOutOfOrder[tier] ?? 0) + 1;
    }
  }
  return { deliveredOutOfOrder, storedOutOfOrder, tiers };
}

/** Those that are behind a greater one. */
function late(rows: readonly DeliveryRow[], rank: (row: DeliveryRow) => bigint): readonly DeliveryRow[] {
  let greatest = -1n;
  return rows.filter(row => {
    const isLate = rank(row) < greatest;
    if (!isLate) greatest = rank(row);
    return isLate;
  });
}

/** Each request is one attempt of those that PostgreSQL knows of; the last of these is the one that was delivered. */
function explain(
  row: DeliveryRow,
  arrivals: number,
  again: Record<keyof DeliveryLedger['again'], number>,
): void {
  let left = Math.max(0, arrivals - 1);
  const take = (from: number): number => {
    const taken = Math.min(left, Math.max(0, from));
    left -= taken;
    return taken;
  };
  again.afterItsAnswer += take(row.outcomes - 1);
  again.afterInterruption += take(row.interrupted);
  again.afterGivingBack += take(row.givenBack);
  again.unexplained += left;
}

async function readDeliveries(databaseUrl: string): Promise<readonly DeliveryRow[]> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    application_name: 'ackline-proof',
    query_timeout: QUERY_LIMIT_MS,
  });
  client.on('error', () => undefined); // the query in flight rejects with the same error
  await client.connect();
  try {
    const { rows } = await client.query<DeliveryRow>(
      `select split_part(e.dedup_key, '|', 1) as "updateId", e.tier, e.seq, d.state,
              coalesce(a.outcomes, 0) as outcomes, coalesce(a.interrupted, 0) as interrupted,
              coalesce(a.held, 0) as "givenBack"
         from events e
         left join all_deliveries d on d.stored_day = e.stored_day and d.seq = e.seq
         left join lateral (
           select count(*) filter (where one ->> 'outcome' in ('delivered', 'retry', 'park'))::int as outcomes,
                  count(*) filter (where one ->> 'outcome' = 'interrupted')::int as interrupted,
                  count(*) filter (where one ->> 'outcome' = 'hold')::int as held
             from jsonb_array_elements(d.attempts) as one) a on true`,
    );
    return rows;
  } finally {
    await client.end();
  }
}
