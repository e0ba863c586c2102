/** Something that waits for its turn. */
export interface Waiting {
  readonly owner: string;
  readonly bytes: number;
}

/**
 * Who goes first where more waits than goes at once: owners in turn, and of these first who had the fewest bytes since there
 * was last room for all. So 25 MiB of one owner are as many turns of another who sends 1 MiB.
 */
export interface Turns {
  /** The first `limit` of them, one of each owner in turn; those of one owner stay in their order. */
  inOrder<W extends Waiting>(waiting: readonly W[], limit: number): readonly W[];
  /** It has had its turn. */
  had(one: Waiting): void;
  /** There is room for all that wait. */
  forget(): void;
}

export function createTurns(): Turns {
  /** No more than the owners that had a turn since the last `forget`. */
  const bytesOf = new Map<string, number>();
  /** What the owner in front had: one that comes new begins here, and does not make up for the time before. */
  let least = 0;
  const hadBytes = (owner: string): number => Math.max(bytesOf.get(owner) ?? 0, least);
  return {
    inOrder(waiting, limit) {
      const queues = [...Map.groupBy(waiting, ({ owner }) => owner)];
      queues.sort(([one], [other]) => hadBytes(one) - hadBytes(other));
      const [front] = queues;
      if (front !== undefined) least = hadBytes(front[0]);
      return oneOfEach(
        queues.map(([, queue]) => queue),
        Math.min(waiting.length, limit),
      );
    },
    had({ owner, bytes }) {
      bytesOf.set(owner, hadBytes(owner) + bytes);
    },
    forget() {
      bytesOf.clear();
      least = 0;
    },
  };
}

function oneOfEach<W>(queues: readonly (readonly W[])[], limit: number): readonly W[] {
  const turns: W[] = [];
  for (let round = 0; turns.length < limit; round += 1) {
    for (const queue of queues) {
      const one = queue[round];
      if (one !== undefined && turns.length < limit) turns.push(one);
    }
  }
  return turns;
}
