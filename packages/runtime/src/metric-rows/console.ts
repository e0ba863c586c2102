import type { MetricRow } from './metric-row.ts';

const CONSOLE = ['console'] as const;
/** From a look at an index to the limit of a statement, and beyond it what waits for a turn. */
const CALL_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30];

export const consoleRows = {
  consoleRequests: {
    name: 'ackline_console_requests_total',
    type: 'counter',
    help: 'Requests of the console by call (`other`: the page, and what is no call) and by class of the status: 2xx to 5xx, or gone (the caller went before the answer began)',
    labels: ['call', 'class'],
    services: CONSOLE,
  },
  consoleRequestSeconds: {
    name: 'ackline_console_request_seconds',
    type: 'histogram',
    help: 'From the head of a request of the console to the end of its answer, by call, without live streams',
    labels: ['call'],
    buckets: CALL_BUCKETS_S,
    services: CONSOLE,
  },
  consoleStreamClients: {
    name: 'ackline_console_stream_clients',
    type: 'gauge',
    help: 'Live streams that are open',
    labels: [],
    services: CONSOLE,
  },
} as const satisfies Record<string, MetricRow>;
