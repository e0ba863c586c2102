import { createGate, type Gate } from '@ackline/runtime/gate';
import { AppError } from '@ackline/shared/app-error';

export interface BoundedGateOptions {
  readonly atATime: number;
  /** With one more it is answered at once. */
  readonly maxWaiting: number;
  readonly maxWaitMs: number;
  /** Why it was not its turn. */
  readonly busy: string;
}

/** A gate in front of which nobody waits without end: ACKLINE_CONSOLE_BUSY. Who has begun is let end. */
export function createBoundedGate({ atATime, maxWaiting, maxWaitMs, busy }: BoundedGateOptions): Gate {
  const gate = createGate(atATime);
  const refusal = () => new AppError('ACKLINE_CONSOLE_BUSY', busy);
  let waiting = 0;
  return async work => {
    if (waiting >= maxWaiting) throw refusal();
    waiting += 1;
    const late = Promise.withResolvers<never>();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      late.reject(refusal());
    }, maxWaitMs);
    const turn = gate(async () => {
      waiting -= 1;
      clearTimeout(timer);
      if (isLate) throw refusal();
      return work();
    });
    turn.catch(() => undefined); // where it came too late, nobody listens
    return Promise.race([turn, late.promise]);
  };
}
