export interface RoomLimits {
  readonly total: number;
  readonly perOrigin: number;
}

/** So many calls at a time, and so many of them to one origin, so that a slow one leaves room to the others. */
export interface CallRoom {
  /** Resolves when there is room; false: the signal aborted before. What entered leaves. */
  enter(origin: string, signal: AbortSignal): Promise<boolean>;
  leave(origin: string): void;
  /** One more would enter at once. */
  hasRoom(origin: string): boolean;
  /** By origin, those without a call left out. */
  readonly active: ReadonlyMap<string, number>;
}

interface Waiting {
  readonly origin: string;
  readonly admit: () => void;
}

/** Its queue is as long as its callers let it be: each of them waits for a bounded time. */
export function createCallRoom({ total, perOrigin }: RoomLimits): CallRoom {
  const active = new Map<string, number>();
  const waiting = new Set<Waiting>();
  let all = 0;

  const hasRoom = (origin: string) => all < total && (active.get(origin) ?? 0) < perOrigin;

  function take(origin: string): void {
    all += 1;
    active.set(origin, (active.get(origin) ?? 0) + 1);
  }

  function admitNext(): void {
    for (const next of waiting) {
      if (all >= total) return;
      if (!hasRoom(next.origin)) continue;
      waiting.delete(next);
      take(next.origin);
      next.admit();
    }
  }

  return {
    active,
    hasRoom,
    async enter(origin, signal) {
      if (signal.aborted) return false;
      if (hasRoom(origin)) {
        take(origin);
        return true;
      }
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const place = { origin, admit: () => resolve(true) };
      const onAbort = () => {
        if (waiting.delete(place)) resolve(false);
      };
      waiting.add(place);
      signal.addEventListener('abort', onAbort, { once: true });
      const isIn = await promise;
      signal.removeEventListener('abort', onAbort);
      return isIn;
    },
    leave(origin) {
      all -= 1;
      const left = (active.get(origin) ?? 1) - 1;
      if (left === 0) active.delete(origin);
      else active.set(origin, left);
      admitNext();
    },
  };
}
