/** What `ackline bench --json` prints, as far as it is read here. Times in milliseconds. */
export interface BenchJson {
  readonly ok: boolean;
  readonly parts: readonly BenchPart[];
  readonly requirements: readonly BenchRequirement[];
  readonly fromCache: number;
}

export interface BenchPart {
  readonly part: 'single' | 'cached' | 'concurrent' | 'sustained';
  readonly requests: number;
  readonly successPercent: number;
  readonly averageMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly verdict: string;
}

export interface BenchRequirement {
  readonly text: string;
  readonly count: number;
  readonly missed: number;
  readonly averageMs: number;
  readonly maxMs: number;
}
