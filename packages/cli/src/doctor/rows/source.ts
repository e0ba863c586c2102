import type { FindingRow } from '../finding-row.ts';

/** Of the sources of handlers. */
export const sourceRows = {
  'source-syntax': {
    impact: 'high',
    why: 'The file can not be loaded, and nothing could be looked at in it.',
    fix: 'Correct it at the place that is named.',
  },
  'source-left-out': {
    impact: 'low',
    why: 'Nothing was looked at there.',
    fix: 'Name files or folders that hold sources, each below the bounds.',
  },
  'source-blocking-call': {
    impact: 'high',
    why: 'Nothing else runs in the thread meanwhile: every event of the handler waits, and a loop without an end is killed at its time limit.',
    fix: 'Take the asynchronous form and await it (execFile, pbkdf2, scrypt, timers/promises), or move the work to a process of its own.',
  },
  'source-blocking-io': {
    impact: 'medium',
    why: 'Nothing else runs in the thread while the disk or the packer works: on a busy disk that is seconds for every event.',
    fix: 'Take fs/promises or the asynchronous zlib and await it; read what never changes once, at the top of the file.',
  },
  'source-client-per-call': {
    impact: 'high',
    why: 'Each event pays for new connections and TLS, some 100 to 300 ms, and a burst opens more than servers allow.',
    fix: 'Make it once at the top of the file, or use ctx.http, ctx.pg and ctx.clients, which are pooled.',
  },
  'source-missing-await': {
    impact: 'high',
    why: 'Its error is lost or ends the thread, and the event counts as delivered before the work is done: a restart loses it.',
    fix: 'Await it (`await`, `await Promise.all(…)`, `for … of`). Where nobody should wait, say so with `void` and a catch.',
  },
  'source-unbounded-cache': {
    impact: 'medium',
    why: 'Memory grows until the thread is ended at its limit, and all that was remembered is gone.',
    fix: 'Use ctx.cache, or a cache with a size and a time to live (lru-cache); delete what is over.',
  },
} as const satisfies Record<string, FindingRow>;
