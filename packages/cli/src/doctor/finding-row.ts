/** From the first to repair to the last. */
export const IMPACTS = ['high', 'medium', 'low'] as const;
export type Impact = (typeof IMPACTS)[number];

/** What a kind of finding means, whoever has it. Its id is API: it is never reused for something else. */
export interface FindingRow {
  readonly impact: Impact;
  /** What it costs, in one sentence. */
  readonly why: string;
  /** What the reader should do, in one or two sentences. */
  readonly fix: string;
}
