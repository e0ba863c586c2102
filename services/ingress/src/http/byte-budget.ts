/** How many bytes of request bodies this process holds at most, over all connections. */
export interface ByteBudget {
  /** False: the bytes are not there, and nothing was taken. */
  tryReserve(bytes: number): boolean;
  release(bytes: number): void;
  readonly reservedBytes: number;
}

export function createByteBudget(maxBytes: number): ByteBudget {
  let reservedBytes = 0;
  return {
    tryReserve(bytes) {
      if (reservedBytes + bytes > maxBytes) return false;
      reservedBytes += bytes;
      return true;
    },
    release(bytes) {
      reservedBytes -= bytes;
    },
    get reservedBytes() {
      return reservedBytes;
    },
  };
}
