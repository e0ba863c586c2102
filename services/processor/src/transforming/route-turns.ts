/** What waits, by key: keys take turns, and one of a key is out at a time. */
export interface RouteTurns<Item> {
  add(key: string, item: Item): void;
  /** The next item of the keys that `mayGo`; null: none. Its key has no turn before `done`. */
  take(mayGo: (key: string) => boolean): { readonly key: string; readonly item: Item } | null;
  done(key: string): void;
  /** It waits no longer, if it did. */
  drop(key: string, item: Item): void;
}

export function createRouteTurns<Item>(): RouteTurns<Item> {
  /** In the order of their turns. */
  const waiting = new Map<string, Item[]>();
  const out = new Set<string>();

  return {
    add(key, item) {
      const items = waiting.get(key);
      if (items === undefined) waiting.set(key, [item]);
      else items.push(item);
    },
    take(mayGo) {
      for (const [key, items] of waiting) {
        if (out.has(key) || !mayGo(key)) continue;
        const item = items.shift();
        waiting.delete(key);
        if (items.length > 0) waiting.set(key, items); // behind all that wait
        if (item === undefined) continue;
        out.add(key);
        return { key, item };
      }
      return null;
    },
    done: key => void out.delete(key),
    drop(key, item) {
      const items = waiting.get(key) ?? [];
      const index = items.indexOf(item);
      if (index >= 0) items.splice(index, 1);
      if (items.length === 0) waiting.delete(key);
    },
  };
}
