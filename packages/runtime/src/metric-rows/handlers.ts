import type { MetricRow } from './metric-row.ts';

const PROCESSOR = ['processor'] as const;
const NEEDS = 'a handler' as const;

/** Of destinations of type handler. */
export const handlerRows = {
  handlerReady: {
    name: 'ackline_handler_ready',
    type: 'gauge',
    help: '1 while the handler of a destination takes events; 0 while it is not loaded, and its deliveries are held',
    labels: ['destination'],
    merged: 'min',
    services: PROCESSOR,
    needs: NEEDS,
  },
  handlerOutdated: {
    name: 'ackline_handler_outdated',
    type: 'gauge',
    help: '1 while what there is of a handler now can not be loaded; what was loaded before it goes on, if there is any',
    labels: ['destination'],
    merged: 'max',
    services: PROCESSOR,
    needs: NEEDS,
  },
  handlerThreads: {
    name: 'ackline_handler_threads',
    type: 'gauge',
    help: 'Threads of a handler; while they are replaced, those before them too',
    labels: ['destination'],
    services: PROCESSOR,
    needs: NEEDS,
  },
  handlerThreadEnds: {
    name: 'ackline_handler_thread_ends_total',
    type: 'counter',
    help: 'Threads that ended before they were told to: for a call that took longer than its time-out (timeout), by themselves (memory, exit, exception); 0 from the start',
    labels: ['destination', 'reason'],
    services: PROCESSOR,
    needs: NEEDS,
  },
  handlerHeapBytes: {
    name: 'ackline_handler_heap_bytes',
    type: 'gauge',
    help: 'What the threads of a handler have on their heaps',
    labels: ['destination'],
    services: PROCESSOR,
    needs: NEEDS,
  },
  handlerOnce: {
    name: 'ackline_handler_once_total',
    type: 'counter',
    help: 'Calls of ctx.once by what was known: claimed (nobody did it, so it is done), kept (done before), busy (somebody does it), uncertain (begun by one that was ended, and it may have been done); 0 from the start',
    labels: ['destination', 'result'],
    services: PROCESSOR,
    needs: NEEDS,
  },
  handlerCacheLookups: {
    name: 'ackline_handler_cache_lookups_total',
    type: 'counter',
    help: 'Lookups of ctx.cache: hit or miss',
    labels: ['destination', 'result'],
    services: PROCESSOR,
    needs: NEEDS,
  },
  handlerCacheEntries: {
    name: 'ackline_handler_cache_entries',
    type: 'gauge',
    help: 'Entries of ctx.cache in memory',
    labels: ['destination'],
    services: PROCESSOR,
    needs: NEEDS,
  },
  handlerHttpConnections: {
    name: 'ackline_handler_http_connections',
    type: 'gauge',
    help: 'Connections of ctx.http with a call on them',
    labels: ['destination'],
    services: PROCESSOR,
    needs: NEEDS,
  },
  handlerHttpLimit: {
    name: 'ackline_handler_http_connections_limit',
    type: 'gauge',
    help: 'Connections that ctx.http may have, over all threads',
    labels: ['destination'],
    services: PROCESSOR,
    needs: NEEDS,
  },
  handlerHttpCalls: {
    name: 'ackline_handler_http_calls_total',
    type: 'counter',
    help: 'Calls of ctx.http by their answers: 2xx, 3xx, 4xx, 429, 5xx, or error for none',
    labels: ['destination', 'outcome'],
    services: PROCESSOR,
    needs: 'a call of a handler',
  },
} as const satisfies Record<string, MetricRow>;
