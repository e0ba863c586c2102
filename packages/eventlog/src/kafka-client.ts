import { AppError } from '@ackline/shared/app-error';
import { Admin, type Base } from '@platformatic/kafka';

/** Shown in the brokers' logs and quotas. */
export const KAFKA_CLIENT_ID = 'ackline';
/** Without retries of its own a library call ends after this at the latest, so that nothing of it outlives its caller by more. */
const ADMIN_REQUEST_TIMEOUT_MS = 5_000;
const ADMIN_CONNECT_TIMEOUT_MS = 1_000;
/** A socket that still has bytes for a paused broker never ends by itself: it is destroyed after this. */
const CLOSE_GRACE_MS = 500;

export function createKafkaAdmin(brokers: readonly string[]): Admin {
  return new Admin({
    clientId: KAFKA_CLIENT_ID,
    bootstrapBrokers: [...brokers],
    connectTimeout: ADMIN_CONNECT_TIMEOUT_MS,
    requestTimeout: ADMIN_REQUEST_TIMEOUT_MS,
    timeout: ADMIN_REQUEST_TIMEOUT_MS,
    retries: 0,
    autocreateTopics: false,
  });
}

/** Closes the client and, where a broker does not take part in that, its sockets. Never rejects. */
export async function closeKafkaClient(client: Pick<Base, 'close' | 'connections'>): Promise<void> {
  const sockets = [...client.connections].map(([, connection]) => connection.socket);
  await withDeadline(client.close(), CLOSE_GRACE_MS).catch(() => undefined);
  for (const socket of sockets) socket.destroy();
}

/** The work's result; ACKLINE_KAFKA_UNAVAILABLE when it failed, did not end in time, or `signal` aborted. AppErrors pass. */
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
    if (error instanceof AppError) throw error;
    throw new AppError('ACKLINE_KAFKA_UNAVAILABLE', undefined, { cause: error });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}
