import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';

/** An editor writes a file in several steps, and saves several files at once. */
const SETTLE_MS = 200;
/** Not of the sources: editors and package managers write there. */
const NOT_WATCHED = /(?:^|[/\\])(?:node_modules|\.git)(?:[/\\]|$)|~$|\.sw[a-z]$/;

/** Tells of changes in the folder of a module and below it, once they have settled. For development: see `ThreadPool.reload`. */
export function watchModule(module: string, onChange: () => void, settleMs = SETTLE_MS): Disposable {
  let timer: NodeJS.Timeout | undefined;
  let watcher: FSWatcher | null = null;
  try {
    watcher = watch(dirname(module), { recursive: true }, (_event, file) => {
      if (file !== null && NOT_WATCHED.test(file)) return;
      clearTimeout(timer);
      timer = setTimeout(onChange, settleMs);
    });
    watcher.on('error', () => undefined); // a folder that is taken away: the next reload says what is wrong
  } catch {
    // There is no such folder: the module can't be loaded either, and that is told.
  }
  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      watcher?.close();
    },
  };
}
