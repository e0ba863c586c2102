/** What prom-client gives of each process, under the library's own names. The platform decides whether it can. */
export interface ProcessMetricRow {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** What the values of several processes come to. */
  readonly merged: 'sum' | 'min' | 'max' | 'first';
}

const total = (name: string, help: string): ProcessMetricRow => ({
  name,
  type: 'counter',
  help,
  labels: [],
  merged: 'sum',
});
const level = (name: string, help: string, more: Partial<ProcessMetricRow> = {}): ProcessMetricRow => ({
  name,
  type: 'gauge',
  help,
  labels: [],
  merged: 'sum',
  ...more,
});
/** One that is late makes its requests late, however early the others are: of several processes the latest is shown. */
const lag = (name: string, help: string): ProcessMetricRow => level(name, help, { merged: 'max' });

export const processMetrics: readonly ProcessMetricRow[] = [
  total('process_cpu_user_seconds_total', 'CPU time in user mode, in seconds'),
  total('process_cpu_system_seconds_total', 'CPU time in the kernel, in seconds'),
  total('process_cpu_seconds_total', 'CPU time, in seconds'),
  level('process_start_time_seconds', 'When the process started, in seconds since 1970', { merged: 'min' }),
  level('process_resident_memory_bytes', 'Memory that the process holds (RSS)'),
  level('process_virtual_memory_bytes', 'Address space of the process (Linux)'),
  level('process_heap_bytes', 'Data segment of the process (Linux)'),
  level('process_open_fds', 'Open file descriptors (Linux)'),
  level('process_max_fds', 'File descriptors that may be open (Linux)'),
  lag('nodejs_eventloop_lag_seconds', 'How late the event loop is now'),
  level('nodejs_eventloop_lag_min_seconds', 'The shortest delay of the event loop since the last scrape', {
    merged: 'min',
  }),
  lag('nodejs_eventloop_lag_max_seconds', 'The longest delay of the event loop since the last scrape'),
  lag('nodejs_eventloop_lag_mean_seconds', 'Mean of the delays of the event loop since the last scrape'),
  lag('nodejs_eventloop_lag_stddev_seconds', 'Standard deviation of the delays since the last scrape'),
  lag('nodejs_eventloop_lag_p50_seconds', 'Median of the delays since the last scrape'),
  lag('nodejs_eventloop_lag_p90_seconds', '90th percentile of the delays since the last scrape'),
  lag('nodejs_eventloop_lag_p99_seconds', '99th percentile of the delays since the last scrape'),
  level('nodejs_active_resources', 'What keeps the event loop alive, by type', { labels: ['type'] }),
  level('nodejs_active_resources_total', 'How much keeps the event loop alive'),
  level('nodejs_active_handles', 'Handles of libuv, by class', { labels: ['type'] }),
  level('nodejs_active_handles_total', 'Handles of libuv'),
  level('nodejs_active_requests', 'Requests of libuv under way, by class', { labels: ['type'] }),
  level('nodejs_active_requests_total', 'Requests of libuv under way'),
  level('nodejs_heap_size_total_bytes', 'Heap of JavaScript as reserved'),
  level('nodejs_heap_size_used_bytes', 'Heap of JavaScript in use'),
  level('nodejs_external_memory_bytes', 'Memory of buffers, outside of the heap'),
  level('nodejs_heap_space_size_total_bytes', 'Reserved, by space of the heap', { labels: ['space'] }),
  level('nodejs_heap_space_size_used_bytes', 'In use, by space of the heap', { labels: ['space'] }),
  level('nodejs_heap_space_size_available_bytes', 'Free, by space of the heap', { labels: ['space'] }),
  level('nodejs_version_info', 'The version of Node.js', {
    labels: ['version', 'major', 'minor', 'patch'],
    merged: 'first',
  }),
  {
    name: 'nodejs_gc_duration_seconds',
    type: 'histogram',
    help: 'Time of garbage collections, by kind: major, minor, incremental or weakcb',
    labels: ['kind'],
    merged: 'sum',
  },
];
