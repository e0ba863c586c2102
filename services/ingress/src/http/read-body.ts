import type { Readable } from 'node:stream';
import type { BodyTimesConfig } from '@ackline/shared/config/types';
import type { BodyBuffer } from './body-buffer.ts';

export type BodyRead =
  | { readonly kind: 'read'; readonly body: Buffer }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'too_slow' }
  | { readonly kind: 'over_budget' }
  /** The client has gone before the body was complete. */
  | { readonly kind: 'gone' };

export interface BodyReader {
  /** Reads the body into `buffer`. Never rejects, and reads nothing more once it is settled. */
  read(request: Readable, buffer: BodyBuffer, times: BodyTimesConfig): Promise<BodyRead>;
}

/** How often open reads are looked at: a limit is kept to within this, and no request needs a timer of its own. */
const SWEEP_MS = 250;

interface OpenRead {
  readonly idleTicks: number;
  readonly totalTicks: number;
  readonly startedTick: number;
  /** When the last byte came. */
  lastTick: number;
  readonly expire: () => void;
}

/**
 * Reads bodies under one shared clock that counts in steps of `sweepMs`. It stands still while the process does: a body
 * that waits for us is not the client's fault.
 */
export function createBodyReader(sweepMs = SWEEP_MS): BodyReader {
  const open = new Set<OpenRead>();
  let tick = 0;
  let timer: NodeJS.Timeout | null = null;

  function sweep(): void {
    tick += 1;
    for (const read of open) {
      if (tick - read.lastTick > read.idleTicks || tick - read.startedTick > read.totalTicks) read.expire();
    }
    if (open.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  }

  function watch(times: BodyTimesConfig, expire: () => void): OpenRead {
    const idleTicks = Math.ceil(times.idleMs / sweepMs);
    const totalTicks = Math.ceil(times.totalMs / sweepMs);
    const read: OpenRead = { idleTicks, totalTicks, startedTick: tick, lastTick: tick, expire };
    open.add(read);
    timer ??= setInterval(sweep, sweepMs);
    return read;
  }

  return {
    read: (request, buffer, times) =>
      new Promise(resolve => {
        const settle = (result: BodyRead) => {
          if (!open.delete(watched)) return;
          if (result.kind !== 'read') request.off('data', onData).pause();
          resolve(result);
        };
        const onData = (chunk: Buffer) => {
          watched.lastTick = tick;
          const added = buffer.add(chunk);
          if (added !== 'added') settle({ kind: added });
        };
        const watched = watch(times, () => settle({ kind: 'too_slow' }));
        // An aborted request emits `error` too, which would end the process if nobody listened; `close` follows it.
        request.on('error', ignore);
        request.on('data', onData);
        request.on('end', () => settle({ kind: 'read', body: buffer.bytes() }));
        request.on('close', () => settle({ kind: 'gone' }));
        if (request.destroyed) settle({ kind: 'gone' });
      }),
  };
}

function ignore(): void {}
