/** So long a name may be in the file of other processors and not yet in this one's: a file comes to all within a minute. */
const WAIT_MS = 60_000;
/** Names that are waited for; over it all are met anew. */
const MAX_NAMES = 1_000;

/** Names that deliveries have, and the file of now has not. */
export interface UnknownNames {
  /** Whether a newer file that has it may be on its way: for some time since it was met first. */
  mayBecomeKnown(name: string): boolean;
  /** It is in the file. */
  known(name: string): void;
}

export interface UnknownNamesOptions {
  readonly waitMs?: number | undefined;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

export function createUnknownNames(options: UnknownNamesOptions = {}): UnknownNames {
  const { waitMs = WAIT_MS, now = () => performance.now() } = options;
  const metAt = new Map<string, number>();
  return {
    mayBecomeKnown(name) {
      const met = metAt.get(name);
      if (met !== undefined) return now() - met < waitMs;
      if (metAt.size >= MAX_NAMES) metAt.clear();
      metAt.set(name, now());
      return waitMs > 0;
    },
    known: name => void metAt.delete(name),
  };
}
