import { setTimeout as delay } from 'node:timers/promises';
import type { Limit } from '../clients/client-deps.ts';
import { retryLater } from '../handler-error.ts';
import type { Ask } from './ask.ts';

/** What takes longer is waited for by the destination's schedule, which needs no thread. */
const MAX_WAIT_MS = 10_000;

/**
 * Waits for a point of a limit that all processors share, and no longer than its job lives: the host lets a turn come before it answers.
 * Where it can't answer, the provider's own refusal is left.
 */
export async function takeLimit(ask: Ask, limit: Limit, signal: AbortSignal): Promise<void> {
  const startedMs = performance.now();
  const { promise: aborted, resolve } = Promise.withResolvers<{ readonly waitMs: 0 }>();
  const onAbort = () => resolve({ waitMs: 0 });
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await untilTaken();
  } finally {
    signal.removeEventListener('abort', onAbort);
  }

  async function untilTaken(): Promise<void> {
    while (!signal.aborted) {
      const asked = ask('limit.take', limit).catch(() => ({ waitMs: 0 }));
      const { waitMs } = await Promise.race([asked, aborted]);
      if (waitMs <= 0) return;
      if (performance.now() - startedMs + waitMs > MAX_WAIT_MS) {
        throw retryLater({ afterMs: waitMs, reason: 'the rate limit of the provider is used up' });
      }
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
