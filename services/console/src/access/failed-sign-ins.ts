import type { IncomingMessage } from 'node:http';
import { AppError } from '@ackline/shared/app-error';
import { createCountedWindows } from '@ackline/shared/counted-windows';

const PER_MS = 60_000;
/** Of an address: a person who mistypes, some at a time behind one proxy. */
export const FAILED_OF_ADDRESS = 10;
const MAX_ADDRESSES = 10_000;

export interface FailedSignIns {
  /** Counts one from there; where that is too many: ACKLINE_SIGN_INS_FAILED instead of `error`. */
  refusal(request: Pick<IncomingMessage, 'socket'>, error: AppError): AppError;
}

/**
 * Tells those who try on to stop. It is asked only behind a look at what was shown: who is known gets in, whatever others tried
 * from the same address, which behind a proxy is everybody's. What a look costs the gate bounds (`find-known.ts`).
 */
export function createFailedSignIns(now: () => number = Date.now): FailedSignIns {
  const windows = createCountedWindows({ perMs: PER_MS, now, maxKeys: MAX_ADDRESSES });
  return {
    refusal({ socket }, error) {
      const { count } = windows.count(socket.remoteAddress ?? 'unknown');
      return count > FAILED_OF_ADDRESS ? new AppError('ACKLINE_SIGN_INS_FAILED') : error;
    },
  };
}
