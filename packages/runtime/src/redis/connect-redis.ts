import { createRedisGate, type RedisGate, type RedisGateStats } from '@ackline/shared/cache/redis-gate';
import type { RedisPort } from '@ackline/shared/cache/redis-tier';
import { errorText } from '@ackline/shared/error-text';
import { Redis } from 'ioredis';
import type { Logger } from '../logger.ts';
import { createBatchedPort } from './redis-batches.ts';

/** A host that does not answer; the next try follows at once. */
const CONNECT_TIMEOUT_MS = 2_000;
/** A server that is paused, or a link that drops packets: calls end after 20 ms, their connection after this. */
const SILENCE_TIMEOUT_MS = 5_000;
const FIRST_RETRY_MS = 100;
/** A server that is back is used again within this time and the breaker's five seconds. */
const LONGEST_RETRY_MS = 2_000;
const MAX_SHOWN_CHARS = 200;

/**
 * The one connection to Redis. It is made in the background: nobody waits for it at the start, and what is asked before it is
 * there, or after it was lost, fails at once. All calls go through its gate.
 */
export interface RedisConnection {
  readonly gate: RedisGate;
  readonly port: RedisPort;
  /** For libraries that bring their own commands; each call through `gate`. */
  readonly client: Redis;
  getStats(): RedisGateStats & { readonly connected: boolean };
  /** Ends at once; what was under way fails. */
  close(): void;
}

export interface RedisDeps {
  /** `redis://` or `rediss://`, with its password: it is never logged. */
  readonly url: string;
  /** Tells the operator which process a connection belongs to. */
  readonly connectionName: string;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly now?: () => number;
}

export function connectRedis({ url, connectionName, log, now = Date.now }: RedisDeps): RedisConnection {
  const client = new Redis(url, {
    connectionName,
    enableAutoPipelining: true,
    // Batched already: another turn of the event loop in a pipeline would cost more than it saves.
    autoPipeliningIgnoredCommands: ['mget'],
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS,
    retryStrategy: tries => Math.min(FIRST_RETRY_MS * 2 ** Math.min(tries, 10), LONGEST_RETRY_MS),
  });
  const stopLogging = logChanges(client, log);
  const gate = createRedisGate({
    now,
    onChange: ({ state }) => log.warn({ breaker: state.status }, 'redis.circuit-changed'),
  });
  return {
    gate,
    client,
    port: createBatchedPort(client),
    getStats: () => ({ ...gate.getStats(), connected: client.status === 'ready' }),
    close() {
      stopLogging();
      client.disconnect();
    },
  };
}

/** One line when it is there and one when it is not, whatever happens in between; none once it is given up. */
function logChanges(client: Redis, log: RedisDeps['log']): () => void {
  let known: 'connected' | 'lost' | null = null;
  let reason = 'the connection was closed';
  // The message alone: an error of Redis carries the command, and the command of AUTH the password.
  client.on('error', (error: Error) => {
    reason = errorText(error).slice(0, MAX_SHOWN_CHARS);
  });
  client.on('ready', () => {
    if (known !== 'connected') log.info({}, 'redis.connected');
    known = 'connected';
  });
  const onClose = () => {
    if (known !== 'lost') log.warn({ reason }, 'redis.lost');
    known = 'lost';
  };
  client.on('close', onClose);
  return () => void client.off('close', onClose);
}
