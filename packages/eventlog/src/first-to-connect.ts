/** As Node's own connections to a name: long enough for a connection, short against every time limit of a batch. */
const HEAD_START_MS = 250;

export interface Dialing<T> {
  connect(address: string): Promise<T>;
  /** The one that is returned. */
  onFirst(address: string): void;
  /** Connected when another one had been already. */
  onLate(address: string, connection: T): void;
}

/**
 * The first that connects, in the order given: the next one is tried once the one before it has failed, or has not connected for a while
 * (RFC 8305), so that an address that never answers costs that while and not the whole limit. Rejects with the first failure, when
 * all have failed.
 */
export function firstToConnect<T>(addresses: readonly string[], dialing: Dialing<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const failures: unknown[] = [];
  let tried = 0;
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;

  async function tryOne(address: string): Promise<void> {
    try {
      const connection = await dialing.connect(address);
      if (isOver) return dialing.onLate(address, connection);
      isOver = true;
      clearTimeout(timer);
      dialing.onFirst(address);
      resolve(connection);
    } catch (error) {
      failures.push(error);
      if (failures.length === addresses.length) reject(failures[0]);
      else tryNext();
    }
  }

  function tryNext(): void {
    clearTimeout(timer);
    const address = addresses[tried];
    if (isOver || address === undefined) return;
    tried += 1;
    if (tried < addresses.length) timer = setTimeout(tryNext, HEAD_START_MS);
    void tryOne(address);
  }

  tryNext();
  return promise;
}
