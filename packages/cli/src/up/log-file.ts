import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { PRIVATE_MODE } from '../data-directory/write-whole.ts';

/** With its predecessor a log takes twice this on disk, however long `up` runs. */
const MAX_LOG_BYTES = 20 * 1024 * 1024;

export interface LogFile {
  line(text: string): void;
  close(): void;
}

/** Begins a new file; what was there becomes `<path>.1`, of which one is kept. Never throws for a full disk: the log stops. */
export function openLogFile(path: string, maxBytes: number = MAX_LOG_BYTES): LogFile {
  let descriptor: number | null = null;
  let bytes = 0;

  const begin = () => {
    if (descriptor !== null) closeSync(descriptor);
    descriptor = null;
    try {
      renameSync(path, `${path}.1`);
    } catch {
      rmSync(path, { force: true }); // there was none
    }
    descriptor = openSync(path, 'a', PRIVATE_MODE);
    bytes = 0;
  };
  begin();
  return {
    line(text) {
      if (descriptor === null) return;
      const line = Buffer.from(`${text}\n`);
      try {
        if (bytes + line.length > maxBytes) begin();
        bytes += line.length;
        writeSync(descriptor, line);
      } catch {
        // A service must not end because its log can't be written.
      }
    },
    close() {
      if (descriptor !== null) closeSync(descriptor);
      descriptor = null;
    },
  };
}
