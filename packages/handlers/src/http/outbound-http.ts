/** Calls of other servers, through connections that are kept and shared by all that a thread does. */
export interface OutboundHttp {
  /**
   * The answer, once it is read whole. Rejects with an OutboundError where there is none, and for a status that is not 2xx, unless
   * `anyStatus`. Redirects are not followed.
   */
  request(url: string | URL, options?: OutboundOptions): Promise<OutboundAnswer>;
  get(url: string | URL, options?: OutboundOptions): Promise<OutboundAnswer>;
  post(url: string | URL, options?: OutboundOptions): Promise<OutboundAnswer>;
}

export interface OutboundOptions {
  /** Default: GET. */
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** A body as JSON, with its content type. */
  readonly json?: unknown;
  /** Of the whole call, waits and other tries included. Default and most: 30 s; never longer than the attempt. */
  readonly timeoutMs?: number;
  /** Of the answer's body. Default: 10 MiB. */
  readonly maxAnswerBytes?: number;
  /** May be sent again though it may have been done; default: all methods but POST and PATCH. */
  readonly idempotent?: boolean;
  /** An answer of any status is an answer. */
  readonly anyStatus?: boolean;
}

export interface OutboundAnswer {
  readonly status: number;
  /** Names in lower case; of several the first. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  text(): string;
  /** Rejected as `NOT_JSON` where it is none. */
  json(): unknown;
}
