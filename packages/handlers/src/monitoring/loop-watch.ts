import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { LoopFigures } from '../thread/figures.ts';

/** Twenty looks a second cost next to nothing, and what is shorter delays nobody. */
const RESOLUTION_MS = 50;
const NS_PER_MS = 1e6;
/** Of the reading, which is made each second: the part of the newest in the mean, so that it follows within half a minute. */
const NEWEST_PART = 0.1;
const BLOCKED_WINDOW_MS = 60_000;

/** Reads how busy this thread's event loop is; meant to be asked about once a second. It keeps nothing alive. */
export function watchLoop(now: () => number = performance.now.bind(performance)): () => LoopFigures {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  let last = performance.eventLoopUtilization();
  let busy = 0;
  let longestBeforeMs = 0;
  let windowEndsMs = now() + BLOCKED_WINDOW_MS;
  const longestMs = () => Math.max(0, Math.round(delays.max / NS_PER_MS) - RESOLUTION_MS);

  return () => {
    const next = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(next, last);
    last = next;
    busy += (utilization - busy) * NEWEST_PART;
    const blockedMs = Math.max(longestBeforeMs, longestMs());
    if (now() >= windowEndsMs) {
      longestBeforeMs = longestMs();
      windowEndsMs = now() + BLOCKED_WINDOW_MS;
      delays.reset();
    }
    return { busy: Math.round(busy * 100) / 100, blockedMs };
  };
}
