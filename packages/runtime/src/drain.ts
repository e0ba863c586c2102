import { setTimeout as delay } from 'node:timers/promises';

/**
 * The one drain deadline: from the end of the endpoint-removal wait until the process must have ended by itself. It covers the
 * longest answer in flight (5 s of body, 2.5 s of append) and the flush of the log, with room. The chart computes
 * `terminationGracePeriodSeconds` from this number and the wait: longer than the grace period, and Kubernetes kills the
 * process in the middle of its flush.
 */
export const DRAIN_DEADLINE_MS = 20_000;

/**
 * How long a draining process still takes new connections after its readiness has failed, so that load balancers can stop
 * sending to it. 0 where nothing routes by readiness (development); a cluster sets DRAIN_WAIT_MS to some seconds. Too short
 * there, and a late connection is refused.
 */
export const DEFAULT_DRAIN_WAIT_MS = 0;

/** Bound of DRAIN_WAIT_MS: a longer wait is a typing error, and would hold up every rollout. */
export const MAX_DRAIN_WAIT_MS = 120_000;

/**
 * A process that was told to end and still runs after this hangs, whatever its wait is set to: past its own deadline it had
 * another 5 s. Who started it may kill it then, and not before.
 */
export const END_LIMIT_MS = MAX_DRAIN_WAIT_MS + DRAIN_DEADLINE_MS + 5_000;

/** How a process ends: first the wait for endpoint removal, then at most the deadline. */
export interface DrainPlan {
  readonly waitMs: number;
  readonly deadlineMs: number;
}

/** Resolves once load balancers had time to take the endpoint out. */
export async function waitForEndpointRemoval(plan: DrainPlan): Promise<void> {
  if (plan.waitMs > 0) await delay(plan.waitMs);
}
