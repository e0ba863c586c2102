import { type Dispatcher, errors } from 'undici';

export interface ExchangeRequest {
  readonly origin: string;
  readonly path: string;
  readonly method: string;
  /** Flat: name, value, … */
  readonly headers: string[];
  readonly body: string | Uint8Array | null;
  /** The connection is not kept after it. */
  readonly reset: boolean;
  readonly maxAnswerBytes: number;
  /** Asked before the body is read: why it shall not be, or null. */
  readonly refuse?: ((head: AnswerHead) => string | null) | undefined;
}

export interface AnswerHead {
  readonly status: number;
  /** Names in lower case; of several the first. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface ReadAnswer extends AnswerHead {
  readonly body: Buffer;
}

export type Exchanged =
  | { readonly kind: 'answer'; readonly answer: ReadAnswer }
  | {
      readonly kind: 'failed';
      readonly code: string;
      /** The request was being written: it may have been done. */
      readonly wasSent: boolean;
      /** Why it was refused, for people. */
      readonly words?: string;
    };

/** What is larger is cut, and nothing of it kept. */
const TOO_LARGE = 'TOO_LARGE';
const REFUSED = 'REFUSED';

/** One request and its whole answer. Never rejects, and is over as soon as the signal aborts. */
export function exchange(
  dispatcher: Dispatcher,
  request: ExchangeRequest,
  signal: AbortSignal,
): Promise<Exchanged> {
  const { promise, resolve } = Promise.withResolvers<Exchanged>();
  const { origin, path, method, headers, body, reset } = request;
  const reader = new AnswerReader(request, signal, resolve);
  if (!reader.isOver) {
    const options = { origin, path, method, headers, body, reset } as Dispatcher.DispatchOptions;
    dispatcher.dispatch(options, reader);
  }
  return promise;
}

/** Takes what the client reads as it comes: there is a bound, so that no stream is needed. */
class AnswerReader implements Dispatcher.DispatchHandler {
  readonly #request: ExchangeRequest;
  readonly #signal: AbortSignal;
  readonly #resolve: (exchanged: Exchanged) => void;
  readonly #onAbort = () => this.#end(codeOf(this.#signal.reason));
  #controller: Dispatcher.DispatchController | null = null;
  #head: AnswerHead | null = null;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  isOver = false;

  constructor(request: ExchangeRequest, signal: AbortSignal, resolve: (exchanged: Exchanged) => void) {
    this.#request = request;
    this.#signal = signal;
    this.#resolve = resolve;
    if (signal.aborted) this.#onAbort();
    else signal.addEventListener('abort', this.#onAbort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.isOver) controller.abort(new errors.RequestAbortedError());
    else this.#controller = controller;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    if (status < 200 || this.isOver) return; // another head follows
    this.#head = { status, headers: firstOfEach(headers) };
    const { maxAnswerBytes, refuse, method } = this.#request;
    const declared = method === 'HEAD' ? 0 : Number(this.#head.headers['content-length'] ?? 0);
    if (declared > maxAnswerBytes) return this.#end(TOO_LARGE);
    const words = refuse?.(this.#head) ?? null;
    if (words !== null) this.#end(REFUSED, words);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.isOver) return;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#request.maxAnswerBytes) this.#end(TOO_LARGE);
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#head === null) return this.#end('FAILED');
    this.#settle({ kind: 'answer', answer: { ...this.#head, body: Buffer.concat(this.#chunks) } });
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#end(codeOf(error));
  }

  #end(code: string, words?: string): void {
    const wasSent = this.#controller !== null && code !== 'UND_ERR_INVALID_ARG';
    this.#settle({ kind: 'failed', code, wasSent, ...(words === undefined ? {} : { words }) });
    this.#controller?.abort(new errors.RequestAbortedError());
  }

  #settle(exchanged: Exchanged): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#resolve(exchanged);
  }
}

function firstOfEach(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const first = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(headers)) {
    const text = Array.isArray(value) ? value[0] : value;
    if (text !== undefined) first[name.toLowerCase()] = text;
  }
  return first;
}

/** A name that Node, undici or OpenSSL gave, and nothing that could be text from outside. */
const SYSTEM_CODE = /^[A-Z][A-Z0-9_]{1,63}$/;

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'FAILED';
  if (error.name === 'TimeoutError') return 'TIMEOUT';
  if (error.name === 'AbortError') return 'ABORTED';
  const code: unknown = 'code' in error ? error.code : undefined;
  return typeof code === 'string' && SYSTEM_CODE.test(code) ? code : 'FAILED';
}
