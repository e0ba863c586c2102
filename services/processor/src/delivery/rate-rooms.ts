/** What is reserved of a rate and has not begun, one by one. */
export interface RateRooms {
  /** Those that are kept: all but the lent ones. */
  readonly kept: number;
  /** When the next one is lent; Infinity: none. */
  readonly lentAt: number;
  take(): KeptRoom;
}

export interface KeptRoom {
  readonly isKept: boolean;
  /** Others may have it from then on. */
  lend(at: number): void;
  leave(): void;
}

export function createRateRooms(now: () => number): RateRooms {
  const kept = new Set<KeptRoom>();
  /** In order, as long as all are lent after the same time. */
  const lending = new Map<KeptRoom, number>();

  function leave(room: KeptRoom): void {
    kept.delete(room);
    lending.delete(room);
  }

  return {
    get kept() {
      for (const [room, at] of lending) {
        if (at > now()) break;
        leave(room);
      }
      return kept.size;
    },
    get lentAt() {
      const [at = Number.POSITIVE_INFINITY] = lending.values();
      return at;
    },
    take() {
      const room: KeptRoom = {
        get isKept() {
          return kept.has(room);
        },
        lend: at => void lending.set(room, at),
        leave: () => leave(room),
      };
      kept.add(room);
      return room;
    },
  };
}
