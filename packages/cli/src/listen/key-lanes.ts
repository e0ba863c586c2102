/** Work of one key one after the other, in the order in which it was added; of several keys beside each other, up to a bound. */
export interface KeyLanes<Item> {
  readonly add: (key: string, item: Item) => void;
}

/** `work` never rejects. */
export function createKeyLanes<Item>(atATime: number, work: (item: Item) => Promise<void>): KeyLanes<Item> {
  /** A key is in it while it has work; its first item is the one that is at work, or whose turn is next. */
  const lanes = new Map<string, Item[]>();
  const ready: string[] = [];
  let running = 0;

  const next = () => {
    while (running < atATime) {
      const key = ready.shift();
      if (key === undefined) return;
      running += 1;
      void run(key);
    }
  };
  const run = async (key: string) => {
    const lane = lanes.get(key);
    const item = lane?.[0];
    if (lane !== undefined && item !== undefined) {
      await work(item);
      lane.shift();
    }
    running -= 1;
    // Behind the others: a key with much work takes no more turns than they.
    if (lane !== undefined && lane.length > 0) ready.push(key);
    else lanes.delete(key);
    next();
  };
  return {
    add(key, item) {
      const lane = lanes.get(key);
      if (lane !== undefined) {
        lane.push(item);
        return;
      }
      lanes.set(key, [item]);
      ready.push(key);
      next();
    },
  };
}
