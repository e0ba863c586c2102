import type { HealthState } from '@ackline/runtime/health';

/** A lane that waits is tried again every 5 s at least; one that was refused for longer than this ago goes on. */
const HELD_MS = 15_000;

/** What the operations port says of a store that refuses every event. */
export interface Refusals {
  refused(reason: string): void;
  state(): HealthState;
}

export function createRefusals(now: () => number = () => performance.now()): Refusals {
  let last: { readonly reason: string; readonly at: number } | null = null;
  return {
    refused(reason) {
      last = { reason, at: now() };
    },
    state() {
      return last !== null && now() - last.at < HELD_MS ? { ok: false, detail: last.reason } : { ok: true };
    },
  };
}
