import type { SampleRequest } from '@ackline/shared/provider';
import { Pool } from 'undici';
import type { SendAnswer } from './run-sends.ts';

export interface SampleClientOptions {
  readonly url: string;
  /** Open at most, kept between requests. */
  readonly connections: number;
  /** From the request to the end of its answer. */
  readonly limitMs: number;
  /** Aborted: what is under way ends at once, without an answer. Default: never. */
  readonly stop?: AbortSignal;
}

export interface SampleClient extends AsyncDisposable {
  /** Never rejects. */
  post(sample: SampleRequest): Promise<SendAnswer>;
}

export function createSampleClient({ url, connections, limitMs, stop }: SampleClientOptions): SampleClient {
  const target = new URL(url);
  const pool = new Pool(target.origin, { connections, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
  stop?.addEventListener('abort', () => void pool.destroy(), { once: true });
  return {
    async post({ headers, body, query = '' }) {
      const overdue = new AbortController();
      const timer = setTimeout(() => overdue.abort(noAnswer()), limitMs);
      try {
        const response = await pool.request({
          method: 'POST',
          path: target.pathname + query,
          headers: headers.flat(),
          body: Buffer.from(body),
          signal: overdue.signal,
        });
        await readToEnd(response.body);
        const timing = response.headers['server-timing'];
        return { outcome: response.statusCode, serverTiming: typeof timing === 'string' ? timing : null };
      } catch (error) {
        return { outcome: errorCode(error), serverTiming: null };
      } finally {
        clearTimeout(timer);
      }
    },
    async [Symbol.asyncDispose]() {
      if (!pool.destroyed) await pool.close();
    },
  };
}

/** What providers expect is short; what is longer is not read to its end. */
const MAX_ANSWER_BYTES = 128 * 1024;

/** Throws where it breaks off: half of an answer is none. */
async function readToEnd(body: AsyncIterable<Uint8Array>): Promise<void> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) return;
  }
}

function noAnswer(): Error {
  return Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' });
}

function errorCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'failed';
}
