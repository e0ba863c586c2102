import { callError, CallError, unreachable } from './call-error.ts';
import { consoleFetch } from './console-fetch.ts';
import { createSseParser, type SseMessage } from './sse.ts';

const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 30_000;
/** The console sends a heartbeat every 15 s: after so long without one the connection is dead, though nobody has closed it. */
const SILENT_MS = 40_000;

export interface Followed {
  /** With its filters. */
  readonly path: string;
  /** Where to go on; null: from now on. */
  readonly lastId: string | null;
  readonly signal: AbortSignal;
  readonly onMessage: (message: SseMessage) => void;
  /** It is connected, or was cut off and is being tried again. */
  readonly onState: (state: 'connected' | 'cut') => void;
}

/**
 * Follows a stream until the signal comes, and goes on where it was after each cut (`Last-Event-ID`). Throws {@link CallError} where
 * trying again would not help: the filter is wrong, or the session has ended. Not by `EventSource`, which does not say why it was refused.
 */
export async function followStream(followed: Followed): Promise<void> {
  let { lastId } = followed;
  let waitMs = FIRST_WAIT_MS;
  const note = (message: SseMessage) => {
    lastId = message.id ?? lastId;
    waitMs = FIRST_WAIT_MS;
    followed.onMessage(message);
  };
  while (!followed.signal.aborted) {
    try {
      await readStream({ ...followed, lastId, onMessage: note });
    } catch (error) {
      if (followed.signal.aborted) return;
      if (error instanceof CallError && error.problem.status >= 400 && error.problem.status < 500)
        throw error;
    }
    if (followed.signal.aborted) return;
    followed.onState('cut');
    await wait(waitMs, followed.signal);
    waitMs = Math.min(waitMs * 2, MAX_WAIT_MS);
  }
}

/** Until it ends. */
async function readStream({ path, lastId, signal, onMessage, onState }: Followed): Promise<void> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENT_MS);
  try {
    const asked = new Request(path, {
      headers: { accept: 'text/event-stream', ...(lastId === null ? {} : { 'last-event-id': lastId }) },
      signal: AbortSignal.any([signal, silence.signal]),
    });
    const response = await consoleFetch(asked);
    if (!response.ok) throw callError(await response.json().catch(() => null), response);
    if (response.body === null) throw unreachable();
    onState('connected');
    const parse = createSseParser(onMessage);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENT_MS);
      parse(part.value);
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Shorter where the signal comes. */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
