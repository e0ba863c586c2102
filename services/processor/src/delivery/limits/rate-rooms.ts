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
  /** Others may have it from then on. */
  lend(at: number): void;
  leave(): void;
}

export function createRateRooms(now: () => number): RateRooms {
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
        lend: at => void lending.set(room, at),
        leave: () => leave(room),
      };
      reserved.add(room);
      return room;
    },
  };
}
