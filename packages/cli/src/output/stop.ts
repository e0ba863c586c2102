import type { SignalSource } from '@ackline/runtime/signals';
import { withoutCopies } from '../up/stop-signals.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
/** Of a program that a signal ended. */
const FORCED = 130;

export interface StopSources {
  /** Of the process. */
  readonly signals: SignalSource;
  /** Whoever reads it may go: `ackline tail | head`. */
  readonly output: Pick<NodeJS.EventEmitter, 'once'>;
  readonly now: () => number;
}

/** Aborted by the first signal, and where nobody reads any more; a second signal ends the process at once. */
export function stopOn({ signals, output, now }: StopSources): AbortSignal {
  const stop = new AbortController();
  const source = withoutCopies(signals, now);
  for (const name of SIGNALS)
    source.on(name, () => {
      if (stop.signal.aborted) source.exit(FORCED);
      stop.abort();
    });
  output.once('error', () => stop.abort());
  return stop.signal;
}
