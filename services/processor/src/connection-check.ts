import type { Logger } from '@ackline/runtime/logger';
import { type ConnectionRoom, readConnectionRoom } from '@ackline/store/connection-room';
import type { Pool } from 'pg';

/**
 * Says at start what would else show up under load, as connections that are refused now and then: that the server has no
 * room for this processor's pool beside the others.
 */
export async function warnOfScarceConnections(
  pool: Pool,
  own: { readonly applicationName: string; readonly max: number },
  log: Pick<Logger, 'warn'>,
): Promise<void> {
  const problem = scarcity(await readConnectionRoom(pool, own.applicationName), own.max);
  if (problem !== null) log.warn({ event: 'postgres.connections-scarce' }, problem);
}

/** What to tell the operator; null: all fit. The processor itself is not yet among those that live. */
export function scarcity({ usable, others, processors }: ConnectionRoom, poolMax: number): string | null {
  const pools = (processors + 1) * poolMax;
  if (pools + others <= usable) return null;
  return (
    `PostgreSQL takes ${usable} connections, and ${pools + others} may be wanted: ${pools} by processors ` +
    `(${processors + 1}, up to ${poolMax} each) and ${others} by others now. Raise max_connections of the server to ` +
    `${pools + others + 10} or more, or run fewer processors.`
  );
}
