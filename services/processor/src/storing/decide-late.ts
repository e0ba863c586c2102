import { decodeMeta } from '@ackline/shared/envelope-codec';
import type { FanOut, FanOutRule } from '@ackline/shared/routing/fan-out';
import { open } from '@ackline/shared/seal';
import type { UnroutedEvent } from '@ackline/store/events';
import type { PoolClient } from 'pg';

export interface LateDecision {
  readonly event: UnroutedEvent;
  readonly fanOut: FanOut;
}

/**
 * Which routes want events that were stored before their source was known here. Bodies are read one at a time, since
 * hundreds of them, of 25 MiB each, would not fit into memory.
 */
export async function decideLate(
  client: PoolClient,
  events: readonly UnroutedEvent[],
  fanOut: FanOutRule,
): Promise<readonly LateDecision[]> {
  const decided: LateDecision[] = [];
  for (const event of events) {
    const meta = decodeMeta(open({ keyId: event.keyId, bytes: event.meta }));
    const body = open({ keyId: event.keyId, bytes: await readBody(client, event) });
    decided.push({ event, fanOut: fanOut({ ...meta, body }) });
  }
  return decided;
}

async function readBody(client: PoolClient, event: UnroutedEvent): Promise<Uint8Array> {
  const result = await client.query<{ body: Uint8Array }>(
    'select body from events where stored_day = $1 and seq = $2',
    [event.storedDay, event.seq],
  );
  const row = result.rows[0];
  if (row === undefined) throw new Error('an event that is locked here is gone'); // nothing deletes under a row lock
  return row.body;
}
