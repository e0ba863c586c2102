import type { ProcessResult, TransformJob, TransformResult } from './transform-job.ts';

/** Ends of processes that were started for a job and had no other, before it is the cause: one may be the machine's or a person's. */
const ENDS_THAT_TELL = 2;
/** Deliveries that are remembered, 100 bytes each: at some five ends a second, all of an hour. Over it the first ones begin anew. */
const MAX_SUSPECTS = 20_000;

/** Deliveries that were out when a process ended (X7). */
export interface Suspects {
  /** Its next try is to be the first of a process. */
  has(job: TransformJob): boolean;
  /** What is to become of a job with this result. */
  judge(job: TransformJob, result: ProcessResult): TransformResult;
}

interface Suspect {
  /** A changed expression starts with a clean name. */
  readonly jsonata: string;
  readonly ends: number;
}

export function createSuspects(maxSuspects = MAX_SUSPECTS): Suspects {
  const suspects = new Map<string, Suspect>();

  function endsOf({ delivery, transform }: TransformJob): number | null {
    const known = suspects.get(delivery);
    return known === undefined || known.jsonata !== transform.jsonata ? null : known.ends;
  }

  function remember({ delivery, transform: { jsonata } }: TransformJob, ends: number): void {
    suspects.delete(delivery);
    const [first] = suspects.keys();
    if (first !== undefined && suspects.size >= maxSuspects) suspects.delete(first);
    suspects.set(delivery, { jsonata, ends });
  }

  return {
    has: job => endsOf(job) !== null,
    judge(job, result) {
      if (result.kind === 'busy') return result;
      if (result.kind !== 'killed') {
        suspects.delete(job.delivery);
        return result;
      }
      const ends = (endsOf(job) ?? 0) + (result.wasFresh ? 1 : 0);
      if (ends >= ENDS_THAT_TELL) {
        suspects.delete(job.delivery);
        return { kind: 'failed', reason: 'memory', detail: null };
      }
      remember(job, ends);
      return { kind: 'killed' };
    },
  };
}
