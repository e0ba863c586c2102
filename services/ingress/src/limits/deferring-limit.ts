import { createReservedTimes } from '@ackline/runtime/redis/reserved-times';
import type { LimitConfig } from '@ackline/shared/config/types';
import type { LimitVerdict } from '../http/webhook-ports.ts';
import type { LimitDeps, SourceLimit } from './refusing-limit.ts';

/** The processor lets nothing wait for longer, and a sender who is a day behind is told so. */
const LONGEST_DEFERRAL_MS = 24 * 60 * 60_000;

const WITHIN: LimitVerdict = { kind: 'within' };

/** Accepts what is over, and says when it may be processed: `max` at once, then one every `per / max`. */
export function createDeferringLimit({ max, perMs }: LimitConfig, deps: LimitDeps): SourceLimit {
  const times = createReservedTimes(
    { prefix: 'ackline:defer:', spacingMs: perMs / max, burstMs: perMs, longestMs: LONGEST_DEFERRAL_MS },
    deps,
  );
  function verdict(waitMs: number): LimitVerdict {
    if (waitMs === 0) return WITHIN;
    if (waitMs > 0) return { kind: 'defer', notBefore: deps.now() + waitMs };
    return { kind: 'reject', retryAfterS: Math.ceil(-waitMs / 1_000) };
  }
  return {
    take(key) {
      const waitMs = times.reserve(key);
      return typeof waitMs === 'number' ? verdict(waitMs) : waitMs.then(verdict);
    },
  };
}
