import type { OutboundHttp } from './http/outbound-http.ts';
import type { RespondioClient } from './clients/respondio-client.ts';
import type { TelegramClient } from './clients/telegram-client.ts';
import type { TwilioClient } from './clients/twilio-client.ts';

/** What a handler works with; of one attempt. */
export interface HandlerContext {
  /** Pooled connections, time limits, retries of what may be repeated. */
  readonly http: OutboundHttp;
  /** Shared by all threads and processors of the destination. */
  readonly cache: HandlerCache;
  /** Ackline's own PostgreSQL, with `connections` of the destination. */
  readonly pg: HandlerPg;
  readonly clients: Clients;
  readonly log: HandlerLog;
  /** That of the attempt, where it is traced. */
  readonly span: HandlerSpan;
  /** Aborts when the time of the attempt is over, or the process drains. What has not ended a second later is ended. */
  readonly signal: AbortSignal;
  /** Values of the destination's `secrets`. */
  readonly secrets: Readonly<Record<string, string>>;
  /** The destination's `settings`. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** A text to where the event came from: the chat, the customer's number, the contact. */
  reply(text: string): Promise<void>;
  /**
   * Does what must not be done twice, though the event may be tried again. `key` is of the destination, so it names the event:
   * `reply:${event.id}`. A later try gets the result that was kept (JSON, 64 KiB at most). Where it is not known whether it was done
   * (the process was killed, no answer came), it is not done again and the result is undefined, unless `uncertain: 'again'`.
   */
  once<T>(key: string, fn: () => T | Promise<T>, options?: OnceOptions): Promise<T | undefined>;
  /** Runs it and counts how long it took, by name. See `monitored`. */
  monitored<T>(name: string, fn: () => T | Promise<T>): Promise<T>;
}

export interface OnceOptions {
  readonly uncertain?: 'skip' | 'again';
}

export interface Clients {
  /** Needs `secrets.telegramToken`. */
  readonly telegram: TelegramClient;
  /** Needs `secrets.twilioAccountSid` and `secrets.twilioAuthToken`. */
  readonly twilio: TwilioClient;
  /** Needs `secrets.respondioToken`. */
  readonly respondio: RespondioClient;
}

/** Values are kept as JSON, up to 256 KiB each; what is larger is not kept. Where the cache can't answer, nothing is in it. */
export interface HandlerCache {
  get<T>(key: string): Promise<T | undefined>;
  /** Default: 300 s; a day at most. */
  set(key: string, value: unknown, options?: { readonly ttlMs?: number }): Promise<void>;
  delete(key: string): Promise<void>;
  /**
   * What is kept, or what `load` comes to, which is kept then. Of several that ask at once one loads, and the others wait for it.
   * `null` and `undefined` mean that there is nothing, and are kept for `emptyTtlMs` (default: 30 s). An error is not kept.
   */
  getOrLoad<T>(key: string, load: () => Promise<T>, options?: CacheTimes): Promise<T>;
}

export interface CacheTimes {
  readonly ttlMs?: number;
  readonly emptyTtlMs?: number;
}

export interface HandlerPg {
  /** One statement, 5 s at most. */
  query<Row extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ readonly rows: readonly Row[]; readonly rowCount: number }>;
}

/** One line each, 100 a second of a thread at most; `fields` is JSON of 4 KiB at most. */
export interface HandlerLog {
  debug(text: string, fields?: LogFields): void;
  info(text: string, fields?: LogFields): void;
  warn(text: string, fields?: LogFields): void;
  error(text: string, fields?: LogFields): void;
}

export type LogFields = Readonly<Record<string, unknown>>;

export interface HandlerSpan {
  /** 32 of an attempt at most; texts of 256 characters. */
  setAttribute(name: string, value: string | number | boolean): void;
}
