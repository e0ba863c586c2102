import type { RedisPort } from '@ackline/shared/cache/redis-tier';
import type { Redis } from 'ioredis';

/** Nobody waits for a write: those of a few milliseconds go together. */
const WRITE_DELAY_MS = 5;

/** SET for each of the keys, with its value and its time to live. */
const SET_ALL = `
for index, key in ipairs(KEYS) do
  redis.call('SET', key, ARGV[2 * index - 1], 'PX', ARGV[2 * index])
end
`;

const NOT_CONNECTED = new Error('Redis is not connected');

interface Call<Result> {
  readonly key: string;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}
interface Write extends Call<void> {
  readonly value: Uint8Array;
  readonly ttlMs: number;
}

/**
 * What many requests ask in one turn of the event loop is one command, and so is what they write: a command of its own for
 * each costs more processor time than all else that the ingress does for an event. Who calls bounds how many are under way.
 * All keys are on one server: a Redis Cluster is not one.
 */
export function createBatchedPort(client: Redis): RedisPort {
  const reads = createBatch<Call<Uint8Array | null>>({
    later: flush => setImmediate(flush),
    send: async calls => {
      const values = await client.mgetBuffer(calls.map(({ key }) => key));
      for (const [index, call] of calls.entries()) call.resolve(values[index] ?? null);
    },
  });
  const writes = createBatch<Write>({
    later: flush => setTimeout(flush, WRITE_DELAY_MS),
    send: async calls => {
      const keys = calls.map(({ key }) => key);
      const values = calls.flatMap(({ value, ttlMs }) => [Buffer.from(value), ttlMs]);
      await client.eval(SET_ALL, keys.length, ...keys, ...values);
      for (const call of calls) call.resolve();
    },
  });
  const isReady = () => client.status === 'ready';
  return {
    get: key =>
      new Promise((resolve, reject) => {
        if (isReady()) reads.add({ key, resolve, reject });
        else reject(NOT_CONNECTED);
      }),
    set: (key, value, ttlMs) =>
      new Promise((resolve, reject) => {
        if (isReady()) writes.add({ key, value, ttlMs, resolve, reject });
        else reject(NOT_CONNECTED);
      }),
    async delete(key) {
      if (!isReady()) throw NOT_CONNECTED;
      await client.del(key);
    },
  };
}

interface BatchRules<Item> {
  readonly later: (flush: () => void) => unknown;
  readonly send: (items: readonly Item[]) => Promise<void>;
}

function createBatch<Item extends { readonly reject: (error: unknown) => void }>({
  later,
  send,
}: BatchRules<Item>) {
  let items: Item[] = [];
  function flush(): void {
    const batch = items;
    items = [];
    send(batch).catch((error: unknown) => {
      for (const item of batch) item.reject(error);
    });
  }
  return {
    add(item: Item): void {
      if (items.push(item) === 1) later(flush);
    },
  };
}
