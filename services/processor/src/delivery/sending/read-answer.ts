import { type Dispatcher, errors } from 'undici';

/** What is kept of an answer, so that a person sees why it was refused. */
const EXCERPT_BYTES = 512;
/** An answer is read up to here and then cut: the status is what counts. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** From the head of an answer to its end: one that drips holds a slot no longer than this. */
const ANSWER_LIMIT_MS = 2_000;

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | string[] | undefined;
  /** Of the body. Empty for a success: there is nothing to explain, and answers may echo what was sent. */
  readonly start: Buffer;
}

/**
 * Sends a request, and reads its answer to the end or a bound, so that the connection can be used again. Rejects where there was no
 * status; once it is there it is what counts, and the rest may be cut short by either side. It takes what the client reads as it comes:
 * a stream for each answer would cost more than all else of an attempt.
 */
export function readAnswer(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  signal: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    dispatcher.dispatch(request, new AnswerReader(signal, { resolve, reject }));
  });
}

interface Listener {
  resolve(answer: Answer): void;
  reject(error: Error | null): void;
}

class AnswerReader implements Dispatcher.DispatchHandler {
  readonly #signal: AbortSignal;
  readonly #listener: Listener;
  readonly #onAbort = () => this.#controller?.abort(this.#signal.reason as Error);
  #controller: Dispatcher.DispatchController | null = null;
  #head: Pick<Answer, 'status' | 'retryAfter'> | null = null;
  #timer: NodeJS.Timeout | undefined;
  readonly #kept: Buffer[] = [];
  #totalBytes = 0;

  constructor(signal: AbortSignal, listener: Listener) {
    this.#signal = signal;
    this.#listener = listener;
    signal.addEventListener('abort', this.#onAbort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#signal.aborted) this.#onAbort();
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    if (status < 200) return; // another head follows
    this.#head = { status, retryAfter: headers['retry-after'] };
    this.#timer = setTimeout(() => cut(controller), ANSWER_LIMIT_MS);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const isSuccess = this.#head === null || this.#head.status <= 299;
    const missing = EXCERPT_BYTES - this.#totalBytes;
    if (!isSuccess && missing > 0) this.#kept.push(chunk.subarray(0, missing));
    this.#totalBytes += chunk.length;
    if (this.#totalBytes > MAX_ANSWER_BYTES) cut(controller);
  }

  onResponseEnd(): void {
    this.#end(null);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#end(error);
  }

  #end(error: Error | null): void {
    clearTimeout(this.#timer);
    this.#signal.removeEventListener('abort', this.#onAbort);
    if (this.#head !== null) this.#listener.resolve({ ...this.#head, start: Buffer.concat(this.#kept) });
    else this.#listener.reject(error);
  }
}

/** Ends the answer, and with it this connection. */
function cut(controller: Dispatcher.DispatchController): void {
  controller.abort(new errors.RequestAbortedError());
}
