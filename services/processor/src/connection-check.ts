import type { Logger } from '@ackline/runtime/logger';
import { type ConnectionRoom, readConnectionRoom } from '@ackline/store/connection-room';
import type { Pool } from 'pg';

/** By which PostgreSQL shows the connections of processors, and of their handlers. */
export const APPLICATION_NAME = 'ackline-processor';
const APPLICATIONS = [APPLICATION_NAME, 'ackline handler %'];

/**
 * Says at start, and where a reload asks for more, what would else show up under load, as connections that are refused now and then: that the server has no
 * room for this processor's pool beside the others.
 */
export async function warnOfScarceConnections(
  pool: Pool,
  own: { readonly max: number /** It has said already that it is there. */; readonly isAlive: boolean },
  log: Pick<Logger, 'warn'>,
): Promise<void> {
  const room = await readConnectionRoom(pool, APPLICATIONS);
  const processors = own.isAlive ? Math.max(0, room.processors - 1) : room.processors;
  const problem = scarcity({ ...room, processors }, own.max);
  if (problem !== null) log.warn({ event: 'postgres.connections-scarce' }, problem);
}

/** What to tell the operator; null: all fit. The processor itself is not among those that live. */
export function scarcity({ usable, others, processors }: ConnectionRoom, poolMax: number): string | null {
  const pools = (processors + 1) * poolMax;
  if (pools + others <= usable) return null;
  return (
    `PostgreSQL takes ${usable} connections, and ${pools + others} may be wanted: ${pools} by processors ` +
    `(${processors + 1}, up to ${poolMax} each) and ${others} by others now. Raise max_connections of the server to ` +
    `${pools + others + 10} or more, or run fewer processors.`
  );
}
