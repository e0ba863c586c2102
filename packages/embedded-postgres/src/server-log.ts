import { closeSync, openSync, renameSync, statSync, writeSync } from 'node:fs';

/** What PostgreSQL writes, kept in one file and its predecessor. */
export interface ServerLog {
  write(chunk: Buffer): void;
  /** The last lines, for an error message. */
  tail(): string;
  close(): void;
}

/** The file and its predecessor together never hold more than twice this. */
const MAX_FILE_BYTES = 5 * 1024 * 1024;
/** Enough for PostgreSQL's reason and hint; more would bury them. */
const TAIL_CHARS = 2_000;

/** Opens `path` for appending. A log that can not be written is reported once, and does not stop the server. */
export function openServerLog(
  path: string,
  log: (message: string) => void,
  maxBytes = MAX_FILE_BYTES,
): ServerLog {
  let tail = '';
  let file: { descriptor: number; bytes: number } | null = null;
  const tryOr = (what: () => void): void => {
    try {
      what();
    } catch (error) {
      file = null;
      log(`PostgreSQL's log ${path} can not be written: ${(error as Error).message}`);
    }
  };
  const open = (): void => {
    file = { descriptor: openSync(path, 'a', 0o600), bytes: statSync(path).size };
  };
  tryOr(open);
  return {
    write(chunk) {
      tail = (tail + chunk.toString('utf8')).slice(-TAIL_CHARS);
      tryOr(() => {
        if (file === null) return;
        writeSync(file.descriptor, chunk);
        file.bytes += chunk.length;
        if (file.bytes < maxBytes) return;
        closeSync(file.descriptor);
        renameSync(path, `${path}.1`);
        open();
      });
    },
    tail: () => tail.trim(),
    close() {
      if (file !== null) closeSync(file.descriptor);
      file = null;
    },
  };
}
