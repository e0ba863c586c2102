/** The parts of a request's way, in their order; each is timed. */
export const PHASES = ['admit', 'read', 'verify', 'identify', 'append', 'ack'] as const;
export type Phase = (typeof PHASES)[number];

/** Where each phase has its place in what is counted by number. */
export const PHASE = {
  admit: 0,
  read: 1,
  verify: 2,
  identify: 3,
  append: 4,
  ack: 5,
} as const satisfies Record<Phase, number>;
export type PhaseIndex = (typeof PHASE)[Phase];

const NOT_RUN = -1;
const STEPS_PER_MS = 1_000;
const DURATIONS = PHASES.map(phase => `${phase};dur=`);
/** `.000` to `.999`: a text of a fraction costs far more than one of a small integer. */
const THOUSANDTHS = Array.from({ length: 1_000 }, (_, step) => `.${String(step).padStart(3, '0')}`);

/** A count of thousandths with three digits behind the point: 1234.4 is `1.234`. */
export function inThousandths(steps: number): string {
  const whole = Math.round(steps);
  return String(Math.floor(whole / 1_000)) + (THOUSANDTHS[whole % 1_000] ?? '');
}

/** The times of one request. A class, and numbers in one array: one of them is made for each request. */
export class PhaseClock {
  readonly startedAt: number = performance.now();
  /** Milliseconds by place; negative: the phase has not ended. */
  readonly timesMs: number[] = [NOT_RUN, NOT_RUN, NOT_RUN, NOT_RUN, NOT_RUN, NOT_RUN];
  private lastAt: number = this.startedAt;

  /** A phase lasts from the end of the one before it. */
  end(phase: PhaseIndex): void {
    const now = performance.now();
    this.timesMs[phase] = now - this.lastAt;
    this.lastAt = now;
  }

  elapsedMs(): number {
    return performance.now() - this.startedAt;
  }

  /** Of a header `Server-Timing`; empty where no phase has ended. */
  serverTiming(): string {
    let text = '';
    for (let phase = 0; phase < PHASES.length; phase += 1) {
      const ms = this.timesMs[phase] ?? NOT_RUN;
      if (ms < 0) continue;
      text += (text === '' ? '' : ', ') + (DURATIONS[phase] ?? '') + inThousandths(ms * STEPS_PER_MS);
    }
    return text;
  }
}
