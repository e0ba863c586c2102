import { createBoundedMap } from './bounded-map.ts';

export interface CountedWindow {
  count: number;
  readonly endsAt: number;
}

export interface WindowRules {
  /** A window begins with the first that is counted of a key, and lasts so long. */
  readonly perMs: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** With one more the key that was counted longest ago is forgotten: it begins a new window. */
  readonly maxKeys: number;
}

export interface CountedWindows {
  /** The window of a key that goes on; undefined: there is none. */
  running(key: string): CountedWindow | undefined;
  /** Counts one of this key. */
  count(key: string): CountedWindow;
  /** What somebody else has counted of it. */
  set(key: string, window: CountedWindow): void;
  /** Until a window ends, at least one. */
  secondsLeft(window: CountedWindow): number;
}

/** Counts in memory, by key, within a bound. */
export function createCountedWindows({ perMs, now, maxKeys }: WindowRules): CountedWindows {
  const windows = createBoundedMap<CountedWindow>(maxKeys);
  /** A clock that was set back must not make it longer. */
  function running(key: string): CountedWindow | undefined {
    const window = windows.get(key);
    const left = (window?.endsAt ?? 0) - now();
    return left > 0 && left <= perMs ? window : undefined;
  }
  return {
    running,
    count(key) {
      const window = running(key) ?? { count: 0, endsAt: now() + perMs };
      window.count += 1;
      windows.set(key, window);
      return window;
    },
    set: (key, window) => windows.set(key, window),
    secondsLeft: ({ endsAt }) => Math.max(1, Math.ceil((endsAt - now()) / 1_000)),
  };
}
