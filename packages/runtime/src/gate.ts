/** Lets so many pieces of work run at a time; the others wait for their turn in the order in which they came. */
export type Gate = <T>(work: () => Promise<T>) => Promise<T>;

/** Its queue is as long as its callers let it be: each of them waits for a bounded number of turns. */
export function createGate(atATime: number): Gate {
  const queue: (() => void)[] = [];
  let running = 0;
  return async work => {
    if (running >= atATime) await new Promise<void>(resolve => queue.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      const next = queue.shift(); // it takes over this place
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
