export interface WindowEntry {
  /** Of the event: what is behind it is asked for by it. */
  readonly cursor: string;
  readonly bytes: number;
}

/** Events that were pulled and are not answered yet, or wait for earlier ones; in the order of storing. */
export interface AnsweredWindow<Entry extends WindowEntry> {
  readonly size: number;
  readonly bytes: number;
  readonly add: (entry: Entry) => void;
  /** Nothing is between what was added and this cursor. */
  passed(cursor: string): void;
  answered(entry: Entry): void;
  /** All before it are answered, and all up to it (FW1). null: nothing is known yet. */
  readonly cursor: string | null;
  /** The one that all others are kept by. */
  readonly oldest: Entry | null;
}

export function createAnsweredWindow<Entry extends WindowEntry>(start: string | null): AnsweredWindow<Entry> {
  const entries: Entry[] = [];
  const done = new Set<Entry>();
  let bytes = 0;
  let cursor = start;
  /** Behind the last entry: it counts once all of them are answered. */
  let end: string | null = null;

  const settle = () => {
    while (entries[0] !== undefined && done.has(entries[0])) {
      const entry = entries.shift();
      if (entry === undefined) break;
      done.delete(entry);
      cursor = entry.cursor;
    }
    if (entries.length === 0 && end !== null) cursor = end;
  };
  return {
    get size() {
      return entries.length;
    },
    get bytes() {
      return bytes;
    },
    get cursor() {
      return cursor;
    },
    get oldest() {
      return entries[0] ?? null;
    },
    add(entry) {
      entries.push(entry);
      bytes += entry.bytes;
      end = null;
    },
    passed(next) {
      end = next;
      settle();
    },
    answered(entry) {
      done.add(entry);
      bytes -= entry.bytes;
      settle();
    },
  };
}
