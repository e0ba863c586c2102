import type { TraceContext } from './trace-context.ts';

export type SpanKind = 'server' | 'client' | 'producer' | 'consumer' | 'internal';
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** A span that has ended. Times are epoch milliseconds, with fractions where they are known. */
export interface SpanRecord {
  readonly name: string;
  readonly kind: SpanKind;
  readonly traceId: string;
  readonly spanId: string;
  /** null: the trace begins with it. */
  readonly parentId: string | null;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: SpanAttributes;
  readonly links?: readonly Pick<TraceContext, 'traceId' | 'spanId'>[];
  readonly events?: readonly SpanEvent[];
  readonly isError?: boolean;
}

export interface SpanEvent {
  readonly name: string;
  readonly atMs: number;
}

export interface SpanRecorder {
  /** Costs a place in a list. Waits for nothing, never throws. */
  record(span: SpanRecord): void;
  /** Sends what is there, for `deadlineMs` at most, and takes no more. Never rejects. */
  close(deadlineMs: number): Promise<void>;
}

export interface SpanRecorderDeps {
  /** Rejects where the collector does not have them. */
  readonly send: (spans: readonly SpanRecord[]) => Promise<void>;
  /** So many will never be sent. */
  readonly onDropped: (count: number) => void;
  /** Told of the first failure in a row, and with null of the end of it. */
  readonly onTrouble: (error: unknown) => void;
  readonly everyMs?: number;
}

/** What may wait for a collector: some megabytes. */
export const MAX_WAITING_SPANS = 2_048;
/** What is encoded at once: a millisecond or two of the event loop, which acks wait for. */
const BATCH_SPANS = 128;
/** Soon enough for who looks at a trace just now; one that is killed loses no more. */
const EVERY_MS = 1_000;

/**
 * Keeps spans until they are sent, batch after batch. A collector that is slow or away costs spans, which are counted, and nothing
 * else: what it did not take is not kept.
 */
export function createSpanRecorder(deps: SpanRecorderDeps): SpanRecorder {
  const { everyMs = EVERY_MS } = deps;
  let waiting: SpanRecord[] = [];
  let sending: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;
  let underWay = 0;
  let isClosed = false;
  let isFailing = false;

  async function sendBatch(batch: readonly SpanRecord[]): Promise<void> {
    underWay = batch.length;
    try {
      await deps.send(batch);
      if (isFailing) deps.onTrouble(null);
      isFailing = false;
    } catch (error) {
      deps.onDropped(underWay);
      if (!isFailing) deps.onTrouble(error);
      isFailing = true;
    }
    underWay = 0;
  }

  async function sendAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, BATCH_SPANS);
      waiting = waiting.slice(BATCH_SPANS);
      await sendBatch(batch);
    }
  }

  function start(): Promise<void> {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    sending ??= sendAll().finally(() => {
      sending = null;
    });
    return sending;
  }

  return {
    record(span) {
      if (isClosed || waiting.length >= MAX_WAITING_SPANS) {
        deps.onDropped(1);
        return;
      }
      waiting.push(span);
      if (sending !== null) return;
      if (waiting.length >= BATCH_SPANS) void start();
      else timer ??= setTimeout(() => void start(), everyMs).unref();
    },
    async close(deadlineMs) {
      isClosed = true;
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const deadline = setTimeout(resolve, deadlineMs);
      await Promise.race([start(), late]);
      clearTimeout(deadline);
      deps.onDropped(waiting.length + underWay); // nobody waits to see what becomes of the batch
      waiting = [];
      underWay = 0;
    },
  };
}
