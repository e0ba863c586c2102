import { decodeUtf8 } from '@ackline/shared/providers/body/json-body';
import { mayBePublic, NOT_PUBLIC } from '@ackline/runtime/public-addresses';
import type { AnswerHead, Exchanged, ReadAnswer } from './exchange.ts';
import { OutboundError } from './outbound-error.ts';
import type { OutboundAnswer, OutboundOptions } from './outbound-http.ts';

const CALL_LIMIT_MS = 30_000;
const DEFAULT_ANSWER_BYTES = 10 * 1_048_576;
/** Over it an answer is to be read by other means than as one piece in a thread's memory. */
const MAX_ANSWER_BYTES = 64 * 1_048_576;
const REPEATABLE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']);

/** What our own clients may say besides. */
export interface ClientCall extends OutboundOptions {
  /** Awaited before each try: a limit of the server's. */
  readonly before?: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** Statuses that are an answer; default: 2xx. */
  readonly accepts?: (status: number) => boolean;
  /** Where a server says in its body when to come again. */
  readonly retryAfterOf?: ((answer: ReadAnswer) => number | null) | undefined;
  /** Asked before the body is read: why it shall not be. */
  readonly refuse?: ((head: AnswerHead) => string | null) | undefined;
  /** Fails with `NOT_PUBLIC` where the host, or what its name has, is an address that is not of the internet. */
  readonly onlyPublic?: boolean;
}

export interface CallPlan extends Pick<ClientCall, 'before' | 'retryAfterOf' | 'refuse'> {
  readonly origin: string;
  readonly host: string;
  readonly path: string;
  readonly method: string;
  readonly headers: string[];
  readonly body: string | Uint8Array | null;
  readonly timeoutMs: number;
  readonly maxAnswerBytes: number;
  readonly idempotent: boolean;
  readonly onlyPublic: boolean;
  accepts(status: number): boolean;
}

/** Throws an OutboundError for what HTTP can't carry, and for an address that may not be called. */
export function planCall(given: string | URL, call: ClientCall): CallPlan {
  const method = call.method ?? 'GET';
  const { onlyPublic = false } = call;
  const { origin, host, hostname, pathname, search } = urlOf(given, method);
  if (onlyPublic && !mayBePublic(hostname)) throw notPublic(method, host);
  const { body, headers } = bodyOf(call, method, host);
  return {
    origin,
    host,
    path: `${pathname}${search}`,
    method,
    headers,
    body,
    timeoutMs: within(call.timeoutMs, CALL_LIMIT_MS, CALL_LIMIT_MS),
    maxAnswerBytes: within(call.maxAnswerBytes, DEFAULT_ANSWER_BYTES, MAX_ANSWER_BYTES),
    idempotent: call.idempotent ?? REPEATABLE.has(method),
    accepts: call.accepts ?? (call.anyStatus === true ? () => true : isSuccess),
    before: call.before,
    retryAfterOf: call.retryAfterOf,
    refuse: call.refuse,
    onlyPublic,
  };
}

function urlOf(given: string | URL, method: string): URL {
  const url = typeof given === 'string' ? URL.parse(given) : given;
  if (url === null) throw refused(method, '(no URL)', 'is no absolute URL');
  const { host, protocol, username, password } = url;
  if (protocol !== 'http:' && protocol !== 'https:') throw refused(method, host, 'is neither http nor https');
  if (username !== '' || password !== '') throw refused(method, host, 'has a password in its URL');
  return url;
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status <= 299;
}

function within(given: number | undefined, fallback: number, most: number): number {
  return given !== undefined && given > 0 ? Math.min(given, most) : fallback;
}

function refused(method: string, host: string, words: string): OutboundError {
  return new OutboundError({ method, host, status: null, code: 'UNSENDABLE', words });
}

function notPublic(method: string, host: string): OutboundError {
  return new OutboundError({ method, host, status: null, code: NOT_PUBLIC, words: WORDS[NOT_PUBLIC] });
}

function bodyOf({ body, json, headers = {} }: ClientCall, method: string, host: string) {
  const names = new Set(Object.keys(headers).map(name => name.toLowerCase()));
  const flat = Object.entries(headers).flat();
  if (!names.has('user-agent')) flat.push('user-agent', 'ackline');
  if (json === undefined) return { body: body ?? null, headers: flat };
  if (!names.has('content-type')) flat.push('content-type', 'application/json');
  try {
    return { body: JSON.stringify(json), headers: flat };
  } catch {
    throw refused(method, host, 'was given what is no JSON');
  }
}

export function toAnswer(plan: CallPlan, { status, headers, body }: ReadAnswer): OutboundAnswer {
  return {
    status,
    headers,
    body,
    text: () => body.toString('utf8'),
    json() {
      const text = decodeUtf8(body);
      try {
        return JSON.parse(text ?? '');
      } catch {
        const words = `answered ${status} with what is no JSON`;
        throw new OutboundError({ method: plan.method, host: plan.host, status, code: 'NOT_JSON', words });
      }
    },
  };
}

const WORDS = {
  TIMEOUT: 'did not answer in time',
  ABORTED: 'was aborted',
  TOO_LARGE: 'answered more than may be',
  [NOT_PUBLIC]: 'has an address that is not of the internet',
} as const;
const WORDS_BY_CODE: Readonly<Record<string, string>> = WORDS;

/** Said by what stands before the server, which may have done it. */
const OF_GATEWAYS: ReadonlySet<number> = new Set([502, 504]);

/** For an exchange that is no success. */
export function toError(
  plan: Pick<CallPlan, 'method' | 'host' | 'idempotent'>,
  exchanged: Exchanged,
  retryAfterMs: number | null,
): OutboundError {
  const { method, host } = plan;
  if (exchanged.kind === 'answer') {
    const { status } = exchanged.answer;
    const maybeDone = OF_GATEWAYS.has(status) && !plan.idempotent;
    const words = `answered ${status}`;
    return new OutboundError({
      method,
      host,
      status,
      code: `HTTP_${status}`,
      words,
      retryAfterMs,
      maybeDone,
    });
  }
  const { code, wasSent } = exchanged;
  const words = exchanged.words ?? WORDS_BY_CODE[code] ?? `brought no answer (${code})`;
  return new OutboundError({
    method,
    host,
    status: null,
    code,
    words,
    maybeDone: wasSent && !plan.idempotent,
  });
}
