/**
 * What this processor knows of a destination's circuit breaker. The breaker itself is a row of PostgreSQL, over all processors
 * (`destination-states.ts`):
 *
 * BR1. While it is open, as far as is known, nobody starts an attempt; and after that only who was given the probe.
 * BR2. Own failures count at once, before they are written: with them there may be as many as open it.
 * BR3. The probe is one attempt, started by the processor that took it, and before its time is over.
 * BR4. A state is learned whole, and the newest wins in whatever order they come. One that is older than what was known when
 *      PostgreSQL was asked is learned too: then PostgreSQL has lost what came after it.
 * BR5. An attempt speaks only for the epoch, and the configuration, in which it began.
 */
import type { Permit } from '@ackline/shared/breaker/circuit-breaker';
import type { BreakerConfig } from '@ackline/shared/config/types';
import { LONGEST_LEASE_MS } from '@ackline/store/deliveries';
import {
  type ChangedState,
  type DestinationState,
  type DestinationStatus,
  type HealthReport,
  leftOf,
  type ProbeEnd,
  shownStatus,
} from '@ackline/store/destination-states';

export interface BreakerView {
  /** As it is shown: half open also where its time is over, and nobody had work for it since. */
  readonly status: DestinationStatus;
  /** In a row: over all processors as far as is known, and own ones. */
  readonly failures: number;
  readonly threshold: number;
}

/** Taken before PostgreSQL is asked: times are reckoned from then, and what is known now is not lost by an older answer. */
export interface Asked {
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly version: number;
}

/** What PostgreSQL should hear. */
export type BreakerNews =
  | { readonly kind: 'health'; readonly report: HealthReport }
  | { readonly kind: 'probe'; readonly end: ProbeEnd }
  | { readonly kind: 'reset'; readonly name: string };

export interface SharedBreaker {
  readonly view: BreakerView;
  /** Attempts may start. */
  readonly isClosed: boolean;
  /** Its time is over: PostgreSQL may be asked for the probe. */
  readonly wantsProbe: boolean;
  /** The part of `concurrency` that may be used, [0, 1]: under 1 in slow start. */
  readonly ramp: number;
  /** null: no attempt may start. The probe's permit ends the probe. */
  tryAcquire(): Permit | null;
  ask(): Asked;
  /** null: it has never failed. */
  learn(state: DestinationState | null, asked: Asked): void;
  /** The answer to who wanted the probe; false: it was not given. */
  takeProbe(answer: ChangedState | null, asked: Asked): boolean;
  /** No attempt was found for the probe that was given. */
  giveUpProbe(): void;
  /** Begins anew, and says so to PostgreSQL. */
  reset(config: BreakerConfig): void;
  /** One at a time, until it is answered or given back. null: there is nothing that anybody needs to hear. */
  takeNews(): BreakerNews | null;
  /** The news was told, and this is the state then. */
  answered(state: DestinationState | null, asked: Asked): void;
  /** It could not be told. */
  giveBack(news: BreakerNews): void;
}

export interface SharedBreakerDeps {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** There is news. */
  readonly onNews: (breaker: SharedBreaker) => void;
}

export function createSharedBreaker(
  name: string,
  config: BreakerConfig,
  deps: SharedBreakerDeps,
): SharedBreaker {
  return new RowBreaker(name, config, deps);
}

/** A state by this process's clock. */
interface Known extends Pick<DestinationState, 'status' | 'failures' | 'version' | 'epoch'> {
  readonly opensAt: number;
  readonly closedAt: number | null;
}

const NEVER_FAILED: Known = {
  status: 'CLOSED',
  failures: 0,
  version: 0,
  epoch: 0,
  opensAt: Number.POSITIVE_INFINITY,
  closedAt: null,
};

/** What attempts came to, one after the other. */
type Count = Pick<HealthReport, 'succeeded' | 'failures'>;

const NOTHING: Count = { succeeded: false, failures: 0 };
const SUCCESS: Count = { succeeded: true, failures: 0 };
const FAILURE: Count = { succeeded: false, failures: 1 };

const joined = (first: Count, then: Count): Count =>
  then.succeeded ? then : { succeeded: first.succeeded, failures: first.failures + then.failures };

interface Probe {
  readonly epoch: number;
  readonly endsAt: number;
  isOut: boolean;
}

class RowBreaker implements SharedBreaker {
  readonly #name: string;
  readonly #deps: SharedBreakerDeps;
  #config: BreakerConfig;
  #known = NEVER_FAILED;
  /** Replaced with each epoch and configuration (BR5). */
  #era: object = {};
  #own = NOTHING;
  /** Told to PostgreSQL, which has not answered. */
  #told = NOTHING;
  #probe: Probe | null = null;
  #probeEnd: ProbeEnd | null = null;
  #resets = false;

  constructor(name: string, config: BreakerConfig, deps: SharedBreakerDeps) {
    this.#name = name;
    this.#config = config;
    this.#deps = deps;
  }

  get view(): BreakerView {
    const { status, opensAt } = this.#known;
    const reopensInMs = opensAt - this.#deps.now();
    return {
      status: shownStatus({ status, reopensInMs }),
      failures: this.#failures,
      threshold: this.#config.failures,
    };
  }

  get #failures(): number {
    return joined(joined({ succeeded: false, failures: this.#known.failures }, this.#told), this.#own)
      .failures;
  }

  get isClosed(): boolean {
    return this.#known.status === 'CLOSED' && this.#failures < this.#config.failures; // (BR1, BR2)
  }

  get wantsProbe(): boolean {
    return this.#known.status !== 'CLOSED' && this.#deps.now() >= this.#known.opensAt && !this.#resets;
  }

  get ramp(): number {
    const { closedAt } = this.#known;
    const { slowStartMs } = this.#config;
    if (closedAt === null || slowStartMs === 0) return 1;
    return Math.min(1, Math.max(0, (this.#deps.now() - closedAt) / slowStartMs));
  }

  tryAcquire(): Permit | null {
    if (this.isClosed) {
      const era = this.#era;
      return permit(outcome => this.#count(era, outcome));
    }
    const probe = this.#probe;
    if (probe === null || probe.isOut || this.#deps.now() >= probe.endsAt) return null; // (BR3)
    probe.isOut = true;
    return permit(outcome => this.#endProbe(probe, outcome));
  }

  #count(era: object, outcome: Outcome): void {
    // What ends after the failure that opens it, ends while it is open.
    if (era !== this.#era || outcome === 'unused' || !this.isClosed) return; // (BR5)
    this.#own = joined(this.#own, outcome === 'success' ? SUCCESS : FAILURE);
    if (this.#isWorthTelling) this.#deps.onNews(this);
    else this.#own = NOTHING;
  }

  /** A success only where there are failures that it ends. */
  get #isWorthTelling(): boolean {
    return this.#own.failures > 0 || (this.#own.succeeded && this.#known.failures + this.#told.failures > 0);
  }

  #endProbe(probe: Probe, result: Outcome): void {
    if (this.#probe !== probe) return;
    this.#probe = null;
    this.#probeEnd = { name: this.#name, epoch: probe.epoch, result, resetMs: this.#config.resetMs };
    this.#deps.onNews(this);
  }

  ask(): Asked {
    return { at: this.#deps.now(), version: this.#known.version };
  }

  learn(state: DestinationState | null, asked: Asked): void {
    const next = state === null ? NEVER_FAILED : this.#byClock(state, asked.at);
    if (next.version <= this.#known.version && next.version >= asked.version) return; // (BR4)
    const isAnotherEpoch = next.epoch !== this.#known.epoch || next.version < asked.version;
    this.#known = next;
    if (isAnotherEpoch) this.#beginEra();
  }

  /**
   * Reckoned from before PostgreSQL was asked, the probe's time never ends later here than there; from now, slow start is never ahead.
   * A time that no clock could have given, but for one that was set back since, is over, or began now (DS3).
   * Where more failures are counted than the threshold allows, since it was another then, the next one opens the circuit.
   */
  #byClock(state: DestinationState, askedAt: number): Known {
    const { status, failures, version, epoch, reopensInMs, probeEndsInMs, closedForMs } = state;
    const [timeMs, longestMs] =
      reopensInMs === null ? [probeEndsInMs, LONGEST_LEASE_MS] : [reopensInMs, this.#config.resetMs];
    return {
      status,
      failures: status === 'CLOSED' ? Math.min(failures, this.#config.failures - 1) : failures,
      version,
      epoch,
      opensAt: timeMs === null ? Number.POSITIVE_INFINITY : askedAt + leftOf(timeMs, longestMs),
      closedAt: closedForMs === null ? null : this.#deps.now() - Math.max(0, closedForMs),
    };
  }

  #beginEra(): void {
    this.#era = {};
    this.#own = NOTHING;
    this.#told = NOTHING;
    this.#probe = null;
  }

  takeProbe(answer: ChangedState | null, asked: Asked): boolean {
    this.learn(answer, asked);
    const { epoch, opensAt } = this.#known;
    if (answer?.changed !== true || answer.epoch !== epoch) return false;
    this.#probe = { epoch, endsAt: opensAt, isOut: false };
    return true;
  }

  giveUpProbe(): void {
    if (this.#probe?.isOut === false) this.#endProbe(this.#probe, 'unused');
  }

  reset(config: BreakerConfig): void {
    this.#config = config;
    this.#known = { ...NEVER_FAILED, version: this.#known.version, epoch: this.#known.epoch };
    this.#beginEra();
    this.#probeEnd = null;
    this.#resets = true;
    this.#deps.onNews(this);
  }

  takeNews(): BreakerNews | null {
    if (this.#resets) {
      this.#resets = false;
      return { kind: 'reset', name: this.#name };
    }
    const end = this.#probeEnd;
    if (end !== null) {
      this.#probeEnd = null;
      return { kind: 'probe', end };
    }
    if (!this.#isWorthTelling) return null;
    this.#told = this.#own;
    this.#own = NOTHING;
    const { epoch } = this.#known;
    const { failures: threshold, resetMs } = this.#config;
    return { kind: 'health', report: { name: this.#name, epoch, ...this.#told, threshold, resetMs } };
  }

  answered(state: DestinationState | null, asked: Asked): void {
    this.#told = NOTHING;
    this.learn(state, asked);
  }

  giveBack(news: BreakerNews): void {
    switch (news.kind) {
      case 'reset':
        this.#resets = true;
        return;
      case 'probe':
        if (!this.#resets) this.#probeEnd ??= news.end;
        return;
      case 'health':
        this.#own = joined(this.#told, this.#own);
        this.#told = NOTHING;
        return;
      default: {
        const never: never = news;
        return never;
      }
    }
  }
}

type Outcome = ProbeEnd['result'];

function permit(end: (outcome: Outcome) => void): Permit {
  return { success: () => end('success'), failure: () => end('failure'), cancel: () => end('unused') };
}
