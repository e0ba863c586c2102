import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  /** Generous: it only matters when the condition never comes. Default 30 s. */
  readonly timeoutMs?: number;
  /** Said when the time is over. */
  readonly what?: string;
}

const DEFAULT_TIMEOUT_MS = 30_000;
/** Often enough that a test does not feel it, seldom enough that a query as condition is no load. */
const POLL_MS = 20;

/**
 * Resolves with the condition's value once it is neither false, null nor undefined. A condition that throws counts as
 * "not yet"; its last error is the cause of the error that ends the waiting.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitOptions = {},
): Promise<Exclude<T, false | null | undefined>> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  do {
    try {
      const value = await condition();
      if (value !== false && value !== null && value !== undefined)
        return value as Exclude<T, false | null | undefined>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await delay(POLL_MS);
  } while (performance.now() < deadline);
  throw new Error(
    `waited ${timeoutMs} ms in vain for ${options.what ?? condition.toString().slice(0, 200)}`,
    { cause },
  );
}
