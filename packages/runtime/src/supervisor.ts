import { setTimeout as delay } from 'node:timers/promises';
import type { Component } from './component.ts';
import type { HealthRegistry } from './health.ts';
import type { Logger } from './logger.ts';

/** First wait before a restart: long enough that a part that dies at once does not spin, short enough to go unnoticed. */
const FIRST_RESTART_WAIT_MS = 500;
/** Longest wait: after an outage of a server its part is back within this time, and what waits for it goes on. */
const MAX_RESTART_WAIT_MS = 5_000;
/** A part that ran this long starts again at the first wait. Without it, one that connects and then dies would never back off. */
const STABLE_AFTER_MS = 60_000;

export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
  readonly stableAfterMs: number;
}

export interface SupervisorOptions {
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly health: HealthRegistry;
  readonly backoff?: Backoff;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

const DEFAULT_BACKOFF: Backoff = {
  firstMs: FIRST_RESTART_WAIT_MS,
  maxMs: MAX_RESTART_WAIT_MS,
  stableAfterMs: STABLE_AFTER_MS,
};

/**
 * Runs all components until the signal aborts and all have ended. One that throws, or ends by itself, is logged, shown as not
 * ok in the health registry and started again with backoff; the others go on. Never rejects.
 */
export async function supervise(components: readonly Component[], options: SupervisorOptions): Promise<void> {
  await Promise.all(components.map(component => keepRunning(component, options)));
}

export interface BackgroundDeps extends Omit<SupervisorOptions, 'signal'> {
  readonly opened: AsyncDisposableStack;
}

/** The same until their place in the order of closing is reached: what `opened` got before them is closed once they have ended. */
export function background(components: readonly Component[], { opened, ...options }: BackgroundDeps): void {
  const stop = new AbortController();
  const running = supervise(components, { ...options, signal: stop.signal });
  opened.defer(async () => {
    stop.abort();
    await running;
  });
}

async function keepRunning(component: Component, options: SupervisorOptions): Promise<void> {
  const { signal, log, health, backoff = DEFAULT_BACKOFF, now = () => performance.now() } = options;
  const markOk = () => health.set(component.name, { ok: true });
  let waitMs = backoff.firstMs;
  let okAgainTimer: NodeJS.Timeout | undefined;
  markOk();
  for (;;) {
    const startedAt = now();
    const failure = await runOnce(component, signal);
    clearTimeout(okAgainTimer);
    if (signal.aborted) {
      if (failure !== null) log.error({ err: failure, component: component.name }, 'component.stop-failed');
      return;
    }
    if (now() - startedAt >= backoff.stableAfterMs) waitMs = backoff.firstMs;
    health.set(component.name, { ok: false, detail: 'failed, is started again' });
    log.error({ err: failure, component: component.name, restartInMs: waitMs }, 'component.failed');
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    // A part that dies at every start must not flap to ok in between: it is ok again once it ran as long as it last waited.
    okAgainTimer = setTimeout(markOk, waitMs).unref();
    waitMs = Math.min(waitMs * 2, backoff.maxMs);
  }
}

/** The error that the component ended with; null where it ended as it was told to. */
async function runOnce(component: Component, signal: AbortSignal): Promise<Error | null> {
  try {
    await component.run(signal);
  } catch (error) {
    return error instanceof Error ? error : new Error('The component threw something that is not an error');
  }
  return signal.aborted ? null : new Error('The component ended before it was told to');
}
