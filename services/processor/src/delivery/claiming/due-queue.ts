/** Whether something of a destination is due that could not start, as far as this process knows. */
export interface DueQueue {
  readonly isThere: boolean;
  /** Something was left due. */
  add(): void;
  /** For `learn`: what was added before is known to whoever looks now. */
  mark(): number;
  /** What a look at PostgreSQL says that began at the mark: nothing that was added since is taken for gone. */
  learn(isLeft: boolean, mark: number): void;
}

export function createDueQueue(): DueQueue {
  let isThere = false;
  let added = 0;
  return {
    get isThere() {
      return isThere;
    },
    add() {
      isThere = true;
      added += 1;
    },
    mark: () => added,
    learn(isLeft, mark) {
      isThere = isLeft || added !== mark;
    },
  };
}
