import type { Logger } from '@ackline/runtime/logger';
import { AppError } from '@ackline/shared/app-error';

/** Between two lines: where nothing starts, each of the processes is tried once a second. */
const LINE_EVERY_MS = 60_000;

/** Why a process did not come up. */
export interface FailedStart {
  /** The kernel's limits were asked for. */
  readonly limited: boolean;
  /** What ended it; null: an error, or its own end. */
  readonly signal: string | null;
  /** It was still starting when its time was over. */
  readonly isLate: boolean;
  /** It could not be made. */
  readonly error?: unknown;
}

/** What is told of the starts of all processes: without one, deliveries of routes with a transform are held. */
export interface StartReports {
  failed(why: FailedStart): void;
  succeeded(): void;
}

export interface StartReportsOptions {
  readonly log: Pick<Logger, 'error' | 'info'>;
  /** Hears of each. */
  readonly onFailed?: (() => void) | undefined;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

export function createStartReports({
  log,
  onFailed,
  now = () => performance.now(),
}: StartReportsOptions): StartReports {
  let quietUntil = -Infinity;
  let isTold = false;
  let unsaid = 0;
  return {
    failed({ error, ...why }) {
      onFailed?.();
      unsaid += 1;
      if (now() < quietUntil) return;
      quietUntil = now() + LINE_EVERY_MS;
      const err = new AppError('ACKLINE_TRANSFORM_NOT_STARTED', undefined, { cause: error });
      log.error({ err, ...why, failures: unsaid }, 'transform.start-failed');
      unsaid = 0;
      isTold = true;
    },
    succeeded() {
      if (isTold) log.info('transform.started-again');
      isTold = false;
    },
  };
}
