import { setTimeout as delay } from 'node:timers/promises';
import { TOKEN } from '../system.ts';
import { updateBody } from '../telegram-load.ts';
import { pathOf, type SourceName } from './alert-config.ts';

const REQUEST_LIMIT_MS = 20_000;
const FIRST_ID = 100_000_000;
let next = 0;

function newId(): number {
  next += 1;
  return FIRST_ID + next;
}

export interface PostOptions {
  readonly token?: string;
  /** Of the message. */
  readonly textLength?: number;
  /** Of an update that was sent before. */
  readonly updateId?: number;
}

/** One update that was never sent before; null where nothing came back. */
export async function post(
  baseUrl: string,
  source: SourceName,
  { token = TOKEN, textLength, updateId = newId() }: PostOptions = {},
): Promise<number | null> {
  try {
    const response = await fetch(`${baseUrl}${pathOf(source)}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': token },
      body: updateBody({ updateId, chat: 1 + (updateId % 100) }, textLength),
      signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return null; // a fault is under way
  }
}

export async function postMany(
  baseUrl: string,
  source: SourceName,
  count: number,
  options?: PostOptions,
): Promise<void> {
  for (let sent = 0; sent < count; sent += 1) await post(baseUrl, source, options);
}

export interface Repeated extends AsyncDisposable {
  readonly answers: ReadonlyMap<number | null, number>;
}

/** One update each `everyMs`, whether or not those before it were answered, until it is disposed. */
export function postRegularly(
  baseUrl: string,
  source: SourceName,
  everyMs: number,
  options?: PostOptions,
): Repeated {
  const stop = new AbortController();
  const answers = new Map<number | null, number>();
  const open = new Set<Promise<void>>();
  const running = (async () => {
    while (!stop.signal.aborted) {
      const one: Promise<void> = post(baseUrl, source, options).then(status => {
        answers.set(status, (answers.get(status) ?? 0) + 1);
        open.delete(one);
      });
      open.add(one);
      await delay(everyMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  })();
  return {
    answers,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
      await Promise.all(open);
    },
  };
}
