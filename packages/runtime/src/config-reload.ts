// A configuration file that is read again while the process runs.
//
// CR1. All or nothing: what is in force is replaced as a whole, and only by a file that was found good. A bad file leaves the
//      old one in force; there is no moment without one.
// CR2. A file that is still being written is not taken, by a start or a signal either: it has not changed for as long as lies
//      between two looks, by its own time or because two looks in a row saw the same, and is the same after the reading.
// CR3. One reading at a time, and at most one that waits.
// CR4. Never throws after the start: a failure is one log line and `state.error`.
// CR5. What is in force is known to who reads, since the first half of a file may be valid: what it lacks is refused there.
import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@ackline/shared/app-error';
import type { Component } from './component.ts';
import type { Logger } from './logger.ts';

/** A change is in force within twice this time; a look is one `stat`. */
const LOOK_EVERY_MS = 1_000;
/** A file that changes between all of these is no file that somebody saves. */
const MAX_LOOKS = 10;
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
  /** Reads and checks everything; null: nothing is in force yet (CR5). Throws an AppError with all problems, one a line. */
  readonly load: (inForce: T | null) => Promise<T>;
  /** Hears of each reading after the first, in the moment in which it takes effect (CR1). Must not throw. */
  readonly onReloaded?: (current: T) => void;
  readonly log: Pick<Logger, 'info' | 'error'>;
  readonly lookEveryMs?: number;
  readonly retryEveryMs?: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/** Reads the file, and throws what `load` throws; `run` then looks for changes. */
export async function connectConfigReload<T>(deps: ConfigReloadDeps<T>): Promise<ConfigReload<T>> {
  const { path, now = Date.now, retryEveryMs = RETRY_EVERY_MS } = deps;
  const ended = new AbortController();
  const first = await readSettled(deps, null, ended.signal);
  if (first.kind === 'failed') throw first.error;
  let current = first.value;
  let readStamp = first.stamp;
  let triedAt = now();
  const history = createHistory(deps);
  let reading: Promise<void> = Promise.resolve();
  let waiting: Promise<void> | null = null;
  let isReading = false;

  async function readOnce(): Promise<void> {
    waiting = null;
    triedAt = now();
    isReading = true;
    const read = await readSettled(deps, current, ended.signal);
    isReading = false;
    if (ended.signal.aborted) return;
    readStamp = read.stamp;
    try {
      if (read.kind === 'failed') throw read.error;
      current = read.value; // (CR1)
      deps.onReloaded?.(current);
      history.reloaded(triedAt);
    } catch (error) {
      history.refused(error); // (CR4)
    }
  }

  function reload(): Promise<void> {
    if (waiting !== null) return waiting; // (CR3)
    waiting = reading.then(readOnce);
    reading = waiting;
    return waiting;
  }

  async function look(): Promise<void> {
    const isChanged = (await lookAt(path)).stamp !== readStamp;
    const isDue = history.state.error !== null && now() - triedAt >= retryEveryMs;
    if ((isChanged || isDue) && !isReading) await reload(); // (CR3)
  }

  return {
    name: 'config-reload',
    get current() {
      return current;
    },
    get state() {
      return history.state;
    },
    reload,
    async run(signal) {
      const { lookEveryMs = LOOK_EVERY_MS } = deps;
      signal.addEventListener('abort', () => ended.abort(), { once: true });
      while (!signal.aborted) {
        await pause(lookEveryMs, signal);
        if (!signal.aborted) await look();
      }
      ended.abort();
    },
  };
}

/** What became of the readings, with a line in the log for each that says something new. */
function createHistory({
  path,
  log,
  now = Date.now,
}: Pick<ConfigReloadDeps<unknown>, 'path' | 'log' | 'now'>) {
  let state: ConfigState = { loadedAt: now(), error: null, reloaded: 0, refused: 0 };
  let lastProblems = '';
  return {
    get state() {
      return state;
    },
    reloaded(triedAt: number): void {
      state = { ...state, loadedAt: now(), error: null, reloaded: state.reloaded + 1 };
      lastProblems = '';
      log.info({ configFile: path, ms: now() - triedAt }, 'config.reloaded');
    },
    refused(error: unknown): void {
      const { code, problems } = describe(error);
      state = { ...state, error: code, refused: state.refused + 1 };
      // The same refusal, tried again, says nothing new.
      if (problems.join('\n') === lastProblems) return;
      lastProblems = problems.join('\n');
      log.error({ configFile: path, code, problems }, 'config.refused');
    },
  };
}

type Read<T> =
  | { readonly kind: 'read'; readonly stamp: string; readonly value: T }
  | { readonly kind: 'failed'; readonly stamp: string; readonly error: unknown };

/** Reads the file as soon as nobody writes it (CR2). Never rejects; `ended` cuts the waiting short. */
async function readSettled<T>(
  { path, load, lookEveryMs = LOOK_EVERY_MS, now = Date.now }: ConfigReloadDeps<T>,
  inForce: T | null,
  ended: AbortSignal,
): Promise<Read<T>> {
  let seen = await lookAt(path);
  let waitMs = seen.changedAt + lookEveryMs - now();
  let isSettled = waitMs <= 0;
  for (let looks = 1; looks < MAX_LOOKS; looks++) {
    if (isSettled) {
      const read = await attempt(load, inForce, seen.stamp);
      if ((await lookAt(path)).stamp === seen.stamp) return read;
    }
    // What is lacking by the file's own time, which may be ahead of ours.
    await pause(isSettled ? lookEveryMs : Math.min(waitMs, lookEveryMs), ended);
    waitMs = lookEveryMs;
    const next = await lookAt(path);
    isSettled = next.stamp === seen.stamp;
    seen = next;
  }
  const error = new AppError(
    'ACKLINE_CONFIG_UNREADABLE',
    `${path}: changes all the time: write it to another file, then move that one to its place`,
  );
  return { kind: 'failed', stamp: seen.stamp, error };
}

async function attempt<T>(
  load: ConfigReloadDeps<T>['load'],
  inForce: T | null,
  stamp: string,
): Promise<Read<T>> {
  try {
    return { kind: 'read', stamp, value: await load(inForce) };
  } catch (error) {
    return { kind: 'failed', stamp, error };
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}

function describe(error: unknown): { code: string; problems: readonly string[] } {
  if (error instanceof AppError) {
    return { code: error.code, problems: error.message.split('\n').slice(0, MAX_LOGGED_PROBLEMS) };
  }
  return { code: 'ACKLINE_INTERNAL', problems: [error instanceof Error ? error.name : typeof error] };
}

interface Look {
  /** Changes with the file's content; symbolic links are followed, so the swap of a ConfigMap's folder is a change too. */
  readonly stamp: string;
  /** Epoch milliseconds, by the clock of the file's system. */
  readonly changedAt: number;
}

async function lookAt(path: string): Promise<Look> {
  try {
    const { dev, ino, size, mtimeNs, ctimeMs } = await stat(path, { bigint: true });
    return { stamp: `${dev}/${ino}/${size}/${mtimeNs}`, changedAt: Number(ctimeMs) };
  } catch {
    // Gone for a moment, as under an editor that saves, or for good: then the reading says why.
    return { stamp: 'none', changedAt: Number.POSITIVE_INFINITY };
  }
}
