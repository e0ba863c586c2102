import { createPool } from '@ackline/store/pool';
import { HandlerError } from '../handler-error.ts';
import type { HandlerPg } from '../handler-context.ts';
import type { PgSetup } from '../thread/protocol.ts';

export interface ClosablePg extends HandlerPg {
  close(): Promise<void>;
}

/** Of one thread; connects at the first query. */
export function createHandlerPg(setup: PgSetup | null, destination: string): ClosablePg {
  if (setup === null) {
    return {
      async query() {
        const words = `ctx.pg has no connections: set "connections" of the destination ${destination}`;
        throw new HandlerError(words, { kind: 'failed', code: 'PG_NOT_CONFIGURED' });
      },
      close: () => Promise.resolve(),
    };
  }
  let pool: ReturnType<typeof createPool> | null = null;
  return {
    async query<Row extends object>(text: string, values: readonly unknown[] = []) {
      pool ??= createPool({
        connectionString: setup.connectionString,
        applicationName: `ackline handler ${destination}`,
        max: setup.connections,
        onError: () => undefined, // the next query says it
      });
      const { rows, rowCount } = await pool.query(text, [...values]);
      return { rows: rows as readonly Row[], rowCount: rowCount ?? 0 };
    },
    async close() {
      await pool?.end();
    },
  };
}
