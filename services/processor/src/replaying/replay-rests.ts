import type { ReplayStepped } from '@ackline/store/replay-release';

/** The first rest, and the longest: what its destination holds for long may wait so much longer once that takes work again. */
const FIRST_REST_MS = 200;
const LONGEST_REST_MS = 5_000;

/** Who has to wait for destinations rests, each time twice as long, so that the others' steps are not behind its looks (A6). */
export interface ReplayRests {
  /** null: somebody else works at it, or it has ended. */
  stepped(id: string, stepped: ReplayStepped | null): void;
  /** As one that is held: it may have waited for seconds. */
  failed(id: string): void;
  /** Those that rest now. */
  resting(): readonly string[];
}

interface Rest {
  readonly ms: number;
  readonly until: number;
}

export function createReplayRests(now: () => number = () => performance.now()): ReplayRests {
  const rests = new Map<string, Rest>();
  function rest(id: string): void {
    const before = rests.get(id);
    const ms = before === undefined ? FIRST_REST_MS : Math.min(before.ms * 2, LONGEST_REST_MS);
    rests.set(id, { ms, until: now() + ms });
  }
  return {
    stepped(id, stepped) {
      if (stepped !== null && isHeld(stepped)) rest(id);
      else rests.delete(id);
    },
    failed: rest,
    resting() {
      const at = now();
      // Nobody has asked for it since: it has ended.
      for (const [id, { until }] of rests) if (at - until > LONGEST_REST_MS) rests.delete(id);
      return [...rests].flatMap(([id, { until }]) => (at < until ? [id] : []));
    },
  };
}

/** It did nothing, and not for want of time alone. */
function isHeld({ step, released, skipped }: ReplayStepped): boolean {
  if (step.kind === 'wait') return step.for === 'deliveries';
  return step.kind === 'release' && released + skipped === 0;
}
