import { setTimeout as delay } from 'node:timers/promises';
import type { Limit } from '../clients/client-deps.ts';
import { retryLater } from '../handler-error.ts';
import type { Ask } from './ask.ts';

/** What takes longer is waited for by the destination's schedule, which needs no thread. */
const MAX_WAIT_MS = 10_000;

/** Waits for a point of a limit that all processors share. Where the host can't answer, the provider's own refusal is left. */
export async function takeLimit(ask: Ask, limit: Limit, signal: AbortSignal): Promise<void> {
  const startedMs = performance.now();
  while (!signal.aborted) {
    const { waitMs } = await ask('limit.take', limit).catch(() => ({ waitMs: 0 }));
    if (waitMs <= 0) return;
    if (performance.now() - startedMs + waitMs > MAX_WAIT_MS) {
      throw retryLater({ afterMs: waitMs, reason: 'the rate limit of the provider is used up' });
    }
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
  }
}
