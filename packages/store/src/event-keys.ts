import type { PoolClient } from 'pg';

export interface EventKey {
  readonly source: string;
  readonly dedupKey: string;
  readonly eventId: string;
}

/**
 * Claims (source, dedup key) for each event and returns the ids of the events that got theirs: the others are repeats of
 * an event that is stored. Sorted by key, so that two batches that share keys wait for each other and never deadlock.
 * The caller passes each key once.
 */
export async function claimEventKeys(
  client: PoolClient,
  keys: readonly EventKey[],
): Promise<ReadonlySet<string>> {
  const sorted = keys.toSorted(
    (a, b) =>
      Buffer.compare(Buffer.from(a.source), Buffer.from(b.source)) || compareBytes(a.dedupKey, b.dedupKey),
  );
  const result = await client.query<{ event_id: string }>({
    name: 'event-keys-claim',
    text: `insert into event_keys (source, dedup_key, event_id)
           select * from unnest($1::text[], $2::text[], $3::uuid[])
           on conflict (source, dedup_key) do nothing returning event_id`,
    values: [sorted.map(key => key.source), sorted.map(key => key.dedupKey), sorted.map(key => key.eventId)],
  });
  return new Set(result.rows.map(row => row.event_id));
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
