export interface ErrorRow {
  /** The HTTP status where the code is an answer to a webhook or to a call of the operator API; null where it is not. */
  readonly status: number | null;
  /** The same call may succeed later. */
  readonly retryable: boolean;
  /** What it means, in one sentence. */
  readonly title: string;
  /** What the reader should do, in one or two sentences. */
  readonly fix: string;
}
