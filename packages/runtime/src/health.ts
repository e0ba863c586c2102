/** State of one part of the process. `detail` is shown on the operations port: no secret, no payload. */
export interface HealthState {
  readonly ok: boolean;
  readonly detail?: string;
}

export interface HealthSnapshot {
  /** True once the process has started; never false again. */
  readonly started: boolean;
  readonly draining: boolean;
  /** Started, not draining, and every part ok. */
  readonly ready: boolean;
  readonly parts: Readonly<Record<string, HealthState>>;
}

/**
 * What the parts of one process say about themselves. Liveness is not here: it is that the event loop answers at all, so
 * that a store that is away never makes Kubernetes kill the process.
 */
export interface HealthRegistry {
  set(name: string, state: HealthState): void;
  /** A part that is asked at each snapshot: `read` must be quick and must not throw. */
  watch(name: string, read: () => HealthState): void;
  markStarted(): void;
  /** Readiness fails from here on, whatever the parts say. */
  markDraining(): void;
  readonly isDraining: boolean;
  snapshot(): HealthSnapshot;
}

export function createHealthRegistry(): HealthRegistry {
  const parts = new Map<string, () => HealthState>();
  let started = false;
  let draining = false;

  return {
    set(name, state) {
      parts.set(name, () => state);
    },
    watch(name, read) {
      parts.set(name, read);
    },
    markStarted() {
      started = true;
    },
    markDraining() {
      draining = true;
    },
    get isDraining() {
      return draining;
    },
    snapshot() {
      const states = Object.fromEntries(parts.entries().map(([name, read]) => [name, read()]));
      const allOk = Object.values(states).every(state => state.ok);
      return { started, draining, ready: started && !draining && allOk, parts: states };
    },
  };
}
