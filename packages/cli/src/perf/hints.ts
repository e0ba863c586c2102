import { type HandlerFigures, lookupsOf } from '@ackline/handlers/monitoring/processor-figures';
import type { OutboundCalls } from '@ackline/handlers/thread/figures';
import { formatMs, plural } from '../output/units.ts';

/** A bottleneck that figures show. */
export interface Hint {
  /** API: a released one is never used for anything else. */
  readonly id: HintId;
  readonly what: string;
  readonly fix: string;
}

export type HintId =
  | 'calls-of-one-origin'
  | 'one-function'
  | 'waits-for-connections'
  | 'calls-refused'
  | 'cache-misses'
  | 'cache-evictions'
  | 'event-loop-blocked'
  | 'thread-busy'
  | 'threads-ended'
  | 'handler-errors';

/** Fewer say nothing of the next ones. */
const LEAST_CALLS = 20;
const LEAST_LOOKUPS = 50;
/** Of the handler's time: whatever else is made faster saves less. */
const GREAT_PART = 0.5;
/** A call in ten waits, or is refused: more than a moment of many events. */
const SOME_PART = 0.1;
const LOW_HIT_PART = 0.5;
const ERROR_PART = 0.05;
/** Everything that the thread does waits for so long. */
const BLOCKED_MS = 200;
const BUSY_PART = 0.9;

/** The worst first, as far as figures tell: what ends threads, then what holds others up, then what takes time. */
export function hintsOf(figures: HandlerFigures): readonly Hint[] {
  return [ended, blocked, busy, errors, waits, refused, oneOrigin, oneFunction, misses, evictions].flatMap(
    find => find(figures) ?? [],
  );
}

type Find = (figures: HandlerFigures) => Hint | null;

const percent = (part: number) => `${Math.round(part * 100)} %`;
const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);

function handled({ threads }: HandlerFigures): { count: number; failures: number; totalMs: number } {
  return {
    count: sum(threads.handled.map(({ count }) => count)),
    failures: sum(threads.handled.map(({ failures }) => failures)),
    totalMs: sum(threads.handled.map(({ totalMs }) => totalMs)),
  };
}

const ended: Find = ({ threads: { ended: by } }) => {
  const all = Object.entries(by).filter(([, count]) => count > 0);
  if (all.length === 0) return null;
  return {
    id: 'threads-ended',
    what: `threads ended before their time: ${all.map(([why, count]) => `${why} ${count}`).join(', ')}`,
    fix: 'timeout: give the slowest calls a limit (`timeoutMs`) or the destination a longer `timeout`; memory: raise `memory`, and keep no more than is needed; exit, exception: the log has the place',
  };
};

const blocked: Find = ({ threads: { loop } }) =>
  loop.blockedMs < BLOCKED_MS
    ? null
    : {
        id: 'event-loop-blocked',
        what: `the event loop was blocked for ${formatMs(loop.blockedMs)} in the last minutes, and every call of that thread with it`,
        fix: 'find the blocking call with `ackline doctor source`, and make it asynchronous; what computes for so long needs `threads` of its own',
      };

const busy: Find = ({ threads: { loop, threads } }) =>
  loop.busy < BUSY_PART
    ? null
    : {
        id: 'thread-busy',
        what: `one thread is busy all the time (${percent(loop.busy)} of the last half minute)`,
        fix: `raise \`threads\` of the destination (${plural(threads, 'thread')} now, over all processors), up to the cores that it may have`,
      };

const errors: Find = figures => {
  const { count, failures } = handled(figures);
  if (count < LEAST_CALLS || failures / count < ERROR_PART) return null;
  return {
    id: 'handler-errors',
    what: `${percent(failures / count)} of the handler's calls failed`,
    fix: '`ackline park` has the errors and their places; each is tried again by the schedule, and costs the time of a call each time',
  };
};

const waits: Find = ({ threads: { http } }) => {
  const calls = sum(http.calls.map(({ count }) => count));
  if (calls < LEAST_CALLS || http.waits.count / calls < SOME_PART) return null;
  const eachMs = http.waits.totalMs / http.waits.count;
  return {
    id: 'waits-for-connections',
    what: `${percent(Math.min(1, http.waits.count / calls))} of the calls waited for a connection, ${formatMs(eachMs)} each`,
    fix: `raise \`settings.http.connections\` (${http.limit} now, over all threads; 30 to one host in each thread), then \`threads\`; or lower \`concurrency\``,
  };
};

const refused: Find = ({ threads: { http } }) => {
  const worst = shares(http.calls, ({ outcome }) => outcome === '429')[0];
  if (worst === undefined || worst.count < LEAST_CALLS || worst.part < SOME_PART) return null;
  return {
    id: 'calls-refused',
    what: `${worst.origin} refused ${percent(worst.part)} of the calls, as too many (429)`,
    fix: 'set `rate` of the destination to what it takes; of Telegram and Twilio call through `ctx.clients`, which keep to their limits',
  };
};

function shares(calls: readonly OutboundCalls[], isCounted: (row: OutboundCalls) => boolean) {
  const origins = [...new Set(calls.map(({ origin }) => origin))];
  return origins
    .map(origin => {
      const own = calls.filter(row => row.origin === origin);
      const count = sum(own.map(row => row.count));
      return { origin, count, part: sum(own.filter(isCounted).map(row => row.count)) / Math.max(1, count) };
    })
    .sort((a, b) => b.part - a.part);
}

const oneOrigin: Find = figures => {
  const { totalMs } = handled(figures);
  const { calls } = figures.threads.http;
  const [most] = [...new Set(calls.map(({ origin }) => origin))]
    .map(origin => {
      const own = calls.filter(row => row.origin === origin);
      return { origin, count: sum(own.map(row => row.count)), ms: sum(own.map(row => row.totalMs)) };
    })
    .sort((a, b) => b.ms - a.ms);
  if (most === undefined || most.count < LEAST_CALLS || most.ms < totalMs * GREAT_PART || totalMs === 0)
    return null;
  return {
    id: 'calls-of-one-origin',
    what: `calls of ${most.origin} are ${percent(Math.min(1, most.ms / totalMs))} of the handler's time (${plural(most.count, 'call')}, ${formatMs(most.ms / most.count)} each)`,
    fix: 'keep their answers: `ctx.cache.getOrLoad(key, load, { ttlMs })`; those that do not need each other: `Promise.all`',
  };
};

const oneFunction: Find = figures => {
  const { totalMs } = handled(figures);
  const most = figures.threads.monitored.toSorted((a, b) => b.totalMs - a.totalMs)[0];
  if (most === undefined || most.count < LEAST_CALLS || most.totalMs < totalMs * GREAT_PART || totalMs === 0)
    return null;
  return {
    id: 'one-function',
    what: `${most.name} is ${percent(Math.min(1, most.totalMs / totalMs))} of the handler's time (${plural(most.count, 'call')}, ${formatMs(most.totalMs / most.count)} each)`,
    fix: 'begin there; `ctx.monitored` around its parts tells which of them it is',
  };
};

const misses: Find = ({ cache }) => {
  const { hits, misses: missed } = lookupsOf(cache);
  const lookups = hits + missed;
  if (lookups < LEAST_LOOKUPS || hits / lookups >= LOW_HIT_PART) return null;
  return {
    id: 'cache-misses',
    what: `the cache hit rate is ${percent(hits / lookups)} (${plural(lookups, 'lookup')})`,
    fix: 'a longer `ttlMs`, and keys that name what the value depends on and nothing more (no id of an event); several processors share one cache by REDIS_URL',
  };
};

const evictions: Find = ({ cache }) => {
  if (cache === null || cache.evictions < LEAST_LOOKUPS) return null;
  return {
    id: 'cache-evictions',
    what: `${plural(cache.evictions, 'value')} of the cache made room for others before their time was over`,
    fix: 'it has room for 1,000 in each processor: fewer keys, or REDIS_URL, which keeps what memory does not',
  };
};
