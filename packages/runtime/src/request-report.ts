/** The JSON form of `/metrics`, by the names that the systems before Ackline (docs/logs.md) had: what happened since `last_reset`. */
export interface RequestReport {
  readonly request_count: number;
  /** Requests that were not accepted, whatever the reason; and events that were answered 200 though lost. */
  readonly error_count: number;
  /** Seconds. */
  readonly avg_response_time: number;
  /** errors / requests; 0 where there were none. */
  readonly error_rate: number;
  readonly rate_limit_hits: number;
  /** Epoch seconds. */
  readonly last_reset: number;
}

/** One report for several processes; null where none has one. `last_reset` is the earliest. */
export function mergeReports(reports: readonly RequestReport[]): RequestReport | null {
  if (reports.length === 0) return null;
  const sum = (read: (report: RequestReport) => number) =>
    reports.reduce((total, report) => total + read(report), 0);
  const requests = sum(report => report.request_count);
  const errors = sum(report => report.error_count);
  const seconds = sum(report => report.avg_response_time * report.request_count);
  return {
    request_count: requests,
    error_count: errors,
    avg_response_time: requests === 0 ? 0 : seconds / requests,
    error_rate: requests === 0 ? 0 : errors / requests,
    rate_limit_hits: sum(report => report.rate_limit_hits),
    last_reset: Math.min(...reports.map(report => report.last_reset)),
  };
}

/** True for what `/metrics` of another process of this release said; only its form is checked. */
export function isRequestReport(value: unknown): value is RequestReport {
  return (
    typeof value === 'object' && value !== null && 'request_count' in value && 'avg_response_time' in value
  );
}
