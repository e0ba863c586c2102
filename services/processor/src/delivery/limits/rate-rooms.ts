/** What is reserved of a rate and has not begun, one by one. */
export interface RateRooms {
  /** All but the lent ones. */
  readonly reserved: number;
  /** When the next one is lent; Infinity: none. */
  readonly lentAt: number;
  take(): ReservedRoom;
}

export interface ReservedRoom {
  /** Neither lent nor left. */
  readonly isReserved: boolean;
  /** Others may have it after a while. */
  lend(): void;
  leave(): void;
}

/** `lentAfterMs`: null: nobody is in want of rooms, and none is lent. */
export function createRateRooms(now: () => number, lentAfterMs: () => number | null): RateRooms {
  const reserved = new Set<ReservedRoom>();
  /** In order, as long as all are lent after the same time. */
  const lending = new Map<ReservedRoom, number>();

  function leave(room: ReservedRoom): void {
    reserved.delete(room);
    lending.delete(room);
  }

  return {
    get reserved() {
      for (const [room, at] of lending) {
        if (at > now()) break;
        leave(room);
      }
      return reserved.size;
    },
    get lentAt() {
      const [at = Number.POSITIVE_INFINITY] = lending.values();
      return at;
    },
    take() {
      const room: ReservedRoom = {
        get isReserved() {
          return reserved.has(room);
        },
        lend() {
          const afterMs = lentAfterMs();
          if (afterMs !== null) lending.set(room, now() + afterMs);
        },
        leave: () => leave(room),
      };
      reserved.add(room);
      return room;
    },
  };
}
