import type { Logger } from '@ackline/runtime/logger';
import type { EnvelopeMeta } from '@ackline/shared/envelope';

/** Whoever sends such bodies sends more of them. */
const TOLD_EVERY_MS = 60_000;

export type WholeBody = Pick<EnvelopeMeta, 'id' | 'source'>;

export interface WholeBodyNotes {
  readonly log: Pick<Logger, 'warn'>;
  readonly count: (bodies: number) => void;
  readonly now?: () => number;
}

/** Told of bodies that were stored as one event, though they have several: routes by the types of those do not match them. */
export function noteWholeBodies({ log, count, now = () => performance.now() }: WholeBodyNotes) {
  let toldMs = Number.NEGATIVE_INFINITY;
  let untold = 0;
  return (bodies: readonly WholeBody[]): void => {
    const [first] = bodies;
    if (first === undefined) return;
    count(bodies.length);
    untold += bodies.length;
    if (now() - toldMs < TOLD_EVERY_MS) return;
    log.warn({ eventId: first.id, source: first.source, count: untold }, 'body.kept-whole');
    toldMs = now();
    untold = 0;
  };
}
