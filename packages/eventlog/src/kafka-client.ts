import { AppError } from '@ackline/shared/app-error';
import { Admin, type Base, type Connection, type ConnectionPool, ResponseError } from '@platformatic/kafka';
import { connectionOptions, type KafkaCluster } from './kafka-cluster.ts';
import { kafkaError, kafkaFault } from './kafka-faults.ts';

/** Shown in the brokers' logs and quotas. */
export const KAFKA_CLIENT_ID = 'ackline';
/** Without retries of its own a library call ends after this at the latest, so that nothing of it outlives its caller by more. */
const ADMIN_REQUEST_TIMEOUT_MS = 5_000;
const ADMIN_CONNECT_TIMEOUT_MS = 1_000;
/** With TLS and a login a connection takes some ten exchanges in place of one. */
const ADMIN_SECURED_CONNECT_TIMEOUT_MS = 2_500;
/** A socket that still has bytes for a paused broker never ends by itself: it is destroyed after this. */
const CLOSE_GRACE_MS = 500;

export function createKafkaAdmin(cluster: KafkaCluster): Admin {
  const admin = new Admin({
    clientId: KAFKA_CLIENT_ID,
    bootstrapBrokers: [...cluster.brokers],
    ...connectionOptions(cluster),
    connectTimeout: isSecured(cluster) ? ADMIN_SECURED_CONNECT_TIMEOUT_MS : ADMIN_CONNECT_TIMEOUT_MS,
    requestTimeout: ADMIN_REQUEST_TIMEOUT_MS,
    timeout: ADMIN_REQUEST_TIMEOUT_MS,
    retries: 0,
    autocreateTopics: false,
  });
  watchConnections(admin.connections);
  return admin;
}

export function isSecured({ security }: KafkaCluster): boolean {
  return security !== undefined && (security.tls !== null || security.sasl !== null);
}

/** Of a pool's last connection. */
const faults = new WeakMap<ConnectionPool, Error>();

/**
 * A connection that a broker refused may hear of it twice, and again when its socket ends: an error that nobody listens to would end
 * the process. Every pool has to be watched.
 */
export function watchConnections(pool: ConnectionPool): void {
  pool.on('connect', () => faults.delete(pool));
  pool.on('connecting', ({ connection }: { readonly connection: Connection }) => {
    connection.on('error', (error: Error) => {
      if (kafkaFault(error) !== null) faults.set(pool, error);
    });
    // One that a broker ended would log in again once its login is over, and keep the process from ending until then.
    connection.on('close', () => connection.close(() => undefined));
  });
}

/**
 * What the client did, with the reason of its failure. A broker that does not take Ackline's certificate says so after the connection was
 * made: what waits for an answer then only hears that it was closed. What a broker has answered is the reason itself.
 */
export async function withReason<T>(pool: ConnectionPool, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const isSaid = error instanceof AppError || error instanceof ResponseError;
    if (isSaid || kafkaFault(error) !== null) throw error;
    throw faults.get(pool) ?? error;
  }
}

/** Closes the client and, where a broker does not take part in that, its sockets. Never rejects. */
export async function closeKafkaClient(client: Pick<Base, 'close' | 'connections'>): Promise<void> {
  const sockets = [...client.connections].map(([, connection]) => connection.socket);
  await withDeadline(client.close(), CLOSE_GRACE_MS).catch(() => undefined);
  for (const socket of sockets) socket.destroy();
}

/** The work's result; ACKLINE_KAFKA_UNAVAILABLE, or what a person has to change, when it failed, did not end in time, or `signal` aborted. AppErrors pass. */
export async function withDeadline<T>(
  work: Promise<T>,
  deadlineMs: number,
  signal?: AbortSignal,
): Promise<T> {
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = (why: string) => () => reject(new AppError('ACKLINE_KAFKA_UNAVAILABLE', why));
  const timer = setTimeout(end(`Kafka did not answer within ${deadlineMs} ms`), deadlineMs);
  const onAbort = end('The question was given up');
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, ended]);
  } catch (error) {
    throw kafkaError(error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}
