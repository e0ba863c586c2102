// A configuration file that is read again while the process runs.
//
// CR1. All or nothing: what is in force is replaced as a whole, and only by a file that was found good. A bad file leaves the
//      old one in force; there is no moment without one.
// CR2. A file that is still being written is not read: a change is taken once two looks in a row saw the same file.
// CR3. One reading at a time, and at most one that waits.
// CR4. Never throws after the start: a failure is one log line and `state.error`.
import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@ackline/shared/app-error';
import type { Component } from './component.ts';
import type { Logger } from './logger.ts';

/** A change is in force within twice this time; a look is one `stat`. */
const LOOK_EVERY_MS = 1_000;
/** A file that was refused for a secret may become good without a change of its own: it is tried again this often. */
const RETRY_EVERY_MS = 30_000;
/** Of the problems in one log line. */
const MAX_LOGGED_PROBLEMS = 50;

export interface ConfigState {
  /** Epoch milliseconds of the reading that is in force. */
  readonly loadedAt: number;
  /** The code of the last reading's error; null: what is in force is what the file says. */
  readonly error: string | null;
  /** Readings after the first that were taken, and that were not. */
  readonly reloaded: number;
  readonly refused: number;
}

export interface ConfigReload<T> extends Component {
  /** What is in force. Ask anew for each request; one request keeps what it was given. */
  readonly current: T;
  readonly state: ConfigState;
  /** Reads the file now, as SIGHUP asks. Never rejects (CR4). */
  reload(): Promise<void>;
}

export interface ConfigReloadDeps<T> {
  readonly path: string;
  /** Reads and checks everything. Throws an AppError with all problems, one a line. */
  readonly load: () => Promise<T>;
  /** Hears of each reading after the first, in the moment in which it takes effect (CR1). Must not throw. */
  readonly onReloaded?: (current: T) => void;
  readonly log: Pick<Logger, 'info' | 'error'>;
  readonly lookEveryMs?: number;
  readonly retryEveryMs?: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/** Reads the file once, and throws what `load` throws; `run` then looks for changes. */
export async function connectConfigReload<T>(deps: ConfigReloadDeps<T>): Promise<ConfigReload<T>> {
  const { path, load, log, now = Date.now } = deps;
  const { lookEveryMs = LOOK_EVERY_MS, retryEveryMs = RETRY_EVERY_MS } = deps;
  let readStamp = await stampOf(path);
  let seenStamp = readStamp;
  let triedAt = now();
  let current = await load();
  let state: ConfigState = { loadedAt: now(), error: null, reloaded: 0, refused: 0 };
  let lastProblems = '';
  let reading: Promise<void> = Promise.resolve();
  let waiting: Promise<void> | null = null;

  async function readOnce(): Promise<void> {
    waiting = null;
    triedAt = now();
    // Before the reading: a change during it is seen as one afterwards.
    readStamp = await stampOf(path);
    try {
      current = await load(); // (CR1)
      deps.onReloaded?.(current);
      state = { ...state, loadedAt: now(), error: null, reloaded: state.reloaded + 1 };
      lastProblems = '';
      log.info({ configFile: path, ms: now() - triedAt }, 'config.reloaded');
    } catch (error) {
      const { code, problems } = describe(error);
      state = { ...state, error: code, refused: state.refused + 1 };
      // The same refusal, tried again, says nothing new.
      if (problems.join('\n') === lastProblems) return;
      lastProblems = problems.join('\n');
      log.error({ configFile: path, code, problems }, 'config.refused'); // (CR4)
    }
  }

  function reload(): Promise<void> {
    if (waiting !== null) return waiting; // (CR3)
    waiting = reading.then(readOnce);
    reading = waiting;
    return waiting;
  }

  async function look(): Promise<void> {
    const stamp = await stampOf(path);
    const isSettled = stamp === seenStamp; // (CR2)
    seenStamp = stamp;
    const isChanged = isSettled && stamp !== readStamp;
    const isDue = state.error !== null && now() - triedAt >= retryEveryMs;
    if (isChanged || isDue) await reload();
  }

  return {
    name: 'config-reload',
    get current() {
      return current;
    },
    get state() {
      return state;
    },
    reload,
    async run(signal) {
      while (!signal.aborted) {
        await delay(lookEveryMs, undefined, { signal }).catch(() => undefined);
        if (!signal.aborted) await look();
      }
    },
  };
}

function describe(error: unknown): { code: string; problems: readonly string[] } {
  if (error instanceof AppError) {
    return { code: error.code, problems: error.message.split('\n').slice(0, MAX_LOGGED_PROBLEMS) };
  }
  return { code: 'ACKLINE_INTERNAL', problems: [error instanceof Error ? error.name : typeof error] };
}

/** Changes with the file's content; symbolic links are followed, so the swap of a ConfigMap's folder is a change too. */
async function stampOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs } = await stat(path, { bigint: true });
    return `${dev}/${ino}/${size}/${mtimeNs}`;
  } catch {
    return 'none'; // the reading that follows says why
  }
}
