/** A map that forgets what was set longest ago once it is full. Unlike a cache of fixed arrays it costs nothing while empty. */
export interface BoundedMap<Value> {
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
  values(): IteratorObject<Value>;
  readonly size: number;
}

export function createBoundedMap<Value>(max: number): BoundedMap<Value> {
  const entries = new Map<string, Value>();
  return {
    get: key => entries.get(key),
    set(key, value) {
      entries.delete(key);
      entries.set(key, value);
      if (entries.size <= max) return;
      const [oldest] = entries.keys();
      if (oldest !== undefined) entries.delete(oldest);
    },
    values: () => entries.values(),
    get size() {
      return entries.size;
    },
  };
}
