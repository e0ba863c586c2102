// What the parent tells the load generator, and what it hears back. One plan, one result, as JSON.

export interface LoadPlan {
  readonly port: number;
  /** The program's process: its CPU time is read at the two ends of the measured time. */
  readonly pid: number;
  /** Open at a time, each with one request under way at most. */
  readonly connections: number;
  readonly bodyBytes: number;
  /** The number of the first update, so that no id is sent twice to one program. */
  readonly firstUpdate: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** null: a closed loop, each connection sends as soon as it was answered. */
  readonly ratePerS: number | null;
}

export interface LoadResult {
  readonly seconds: number;
  /** Answers within the measured time. */
  readonly ok: number;
  readonly notOk: number;
  /** All 200s of the run, with those of the warm-up. */
  readonly okInAll: number;
  /** How often each other status came; 0: the connection broke. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Sent in the measured time and not answered at its end. */
  readonly unanswered: number;
  /** Of the 200s, from the time that the request was due (open loop) or sent (closed loop). */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How late the generator itself was in an open loop: a part of the two above, in every program alike. */
  readonly lateP50Ms: number;
  readonly lateP99Ms: number;
  /** The server's, all processes. */
  readonly cpuMs: number;
  readonly processes: number;
  readonly rssBytes: number;
  readonly peakRssBytes: number;
  /** The generator's own. */
  readonly clientCpuMs: number;
  /** Numbers used: the next plan starts after them. */
  readonly lastUpdate: number;
}
