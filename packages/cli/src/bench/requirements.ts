import { isAccepted, type SendOutcome } from '../send/run-sends.ts';
import { readServerTiming } from './server-timing.ts';

/** What the Twilio hook before Ackline was held to, in its words. */
const REQUIREMENTS = {
  respond: { text: 'Requirement 2.1 - Respond within 2 seconds', limitMs: 2_000, by: 'client' },
  queue: { text: 'Requirement 2.2 - Validation and queuing within 500ms', limitMs: 500, by: 'server' },
  signature: { text: 'Requirement 2.6 - Signature validation within 50ms', limitMs: 50, by: 'server' },
  validation: { text: 'Phase 1 - Validation within 100ms', limitMs: 100, by: 'server' },
  acknowledge: { text: 'Phase 2 - Acknowledgment within 200ms', limitMs: 200, by: 'client' },
  cached: { text: 'Cached validation within 30ms', limitMs: 30, by: 'client' },
} as const;
type Name = keyof typeof REQUIREMENTS;

export interface RequirementResult {
  readonly text: string;
  readonly limitMs: number;
  /** Whose clock: `server` is the header Server-Timing of the answers. */
  readonly by: 'client' | 'server';
  /** Of those that could be judged; 0: nothing is known. */
  readonly count: number;
  /** Took longer, or had no 2xx. */
  readonly missed: number;
  /** Of those with a 2xx. */
  readonly averageMs: number;
  readonly maxMs: number;
}

export interface SeenAnswer {
  readonly outcome: SendOutcome;
  readonly ms: number;
  readonly serverTiming: string | null;
  /** It was the same request again. */
  readonly isRepeat: boolean;
}

export interface Requirements {
  observe(answer: SeenAnswer): void;
  /** Repeats that were answered without another append. */
  readonly fromCache: number;
  /** That of cached ones only where something was repeated. */
  results(): readonly RequirementResult[];
}

export function createRequirements(): Requirements {
  const meters = new Map<Name, Meter>();
  let fromCache = 0;
  const meterOf = (name: Name): Meter => {
    const meter = meters.get(name) ?? { count: 0, missed: 0, timed: 0, sumMs: 0, maxMs: 0 };
    meters.set(name, meter);
    return meter;
  };
  const time = (name: Name, ms: number | null) => {
    const meter = meterOf(name);
    meter.count += 1;
    if (ms === null || ms > REQUIREMENTS[name].limitMs) meter.missed += 1;
    if (ms === null) return;
    meter.timed += 1;
    meter.sumMs += ms;
    meter.maxMs = Math.max(meter.maxMs, ms);
  };
  return {
    observe({ outcome, ms, serverTiming, isRepeat }) {
      const taken = isAccepted(outcome) ? ms : null;
      if (isRepeat) time('cached', taken);
      time('respond', taken);
      time('acknowledge', taken);
      const server = taken === null ? null : readServerTiming(serverTiming);
      if (server === null) return;
      time('signature', server.signatureMs);
      time('validation', server.validationMs);
      if (server.queuedMs !== null) time('queue', server.queuedMs);
      else if (isRepeat) fromCache += 1;
    },
    get fromCache() {
      return fromCache;
    },
    results: () =>
      (Object.keys(REQUIREMENTS) as Name[])
        .filter(name => name !== 'cached' || meters.has(name))
        .map(name => {
          const { count, missed, timed, sumMs, maxMs } = meterOf(name);
          return { ...REQUIREMENTS[name], count, missed, averageMs: timed === 0 ? 0 : sumMs / timed, maxMs };
        }),
  };
}

interface Meter {
  count: number;
  missed: number;
  timed: number;
  sumMs: number;
  maxMs: number;
}
