import type { Readable } from 'node:stream';
import type { BodyBuffer } from './body-buffer.ts';

export interface BodyTimes {
  /** Longest silence, before the first byte and between two. */
  readonly idleMs: number;
  /** Longest time for the whole body: without it one byte a second holds a connection for hours. */
  readonly totalMs: number;
}

/** A provider that takes longer is not there any more, or is no provider. */
export const BODY_TIMES: BodyTimes = { idleMs: 1_000, totalMs: 5_000 };

export type BodyRead =
  | { readonly kind: 'read'; readonly body: Buffer }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'too_slow' }
  | { readonly kind: 'over_budget' }
  /** The client has gone before the body was complete. */
  | { readonly kind: 'gone' };

/** Reads the body into `buffer`. Never rejects, and reads nothing more once it is settled. */
export function readBody(request: Readable, buffer: BodyBuffer, times: BodyTimes): Promise<BodyRead> {
  return new Promise(resolve => {
    const settle = (result: BodyRead) => {
      clearTimeout(idleTimer);
      clearTimeout(totalTimer);
      request.off('data', onData).off('end', onEnd).off('close', onGone);
      if (result.kind !== 'read') request.pause();
      resolve(result);
    };
    const onData = (chunk: Buffer) => {
      clearTimeout(idleTimer);
      idleTimer = setTimeout(onSlow, times.idleMs);
      const added = buffer.add(chunk);
      if (added !== 'added') settle({ kind: added });
    };
    const onEnd = () => settle({ kind: 'read', body: buffer.bytes() });
    const onGone = () => settle({ kind: 'gone' });
    const onSlow = () => settle({ kind: 'too_slow' });

    let idleTimer = setTimeout(onSlow, times.idleMs);
    const totalTimer = setTimeout(onSlow, times.totalMs);
    // An aborted request emits `error` too, which would end the process if nobody listened; `close` follows it.
    request.on('error', ignore);
    request.on('data', onData).on('end', onEnd).on('close', onGone);
    if (request.destroyed) onGone();
  });
}

function ignore(): void {}
