import type { Socket } from 'node:net';

export type LinkState =
  | { readonly kind: 'pass' }
  | { readonly kind: 'stall' }
  | { readonly kind: 'slow'; readonly delayMs: number };

/** One direction of a connection through the proxy. */
export interface Pipe {
  /** Passes on at once what is delayed. */
  flush(): void;
  /** Cuts the connection; what is under way is lost. */
  reset(): void;
}

interface Delayed {
  readonly dueAt: number;
  readonly bytes: number;
  readonly pass: () => void;
}

/** As a slow network does: more than this on its way holds the sender back. */
const MAX_DELAYED_BYTES = 16 * 1024 * 1024;

/** Passes what comes on `from` to `to`, in order, as the link's state says at that moment. */
export function createPipe(from: Socket, to: Socket, link: () => LinkState): Pipe {
  const waiting: Delayed[] = [];
  let waitingBytes = 0;
  let timer: NodeJS.Timeout | undefined;

  const release = (until: number): void => {
    clearTimeout(timer);
    for (let next = waiting[0]; next !== undefined && next.dueAt <= until; next = waiting[0]) {
      waiting.shift();
      waitingBytes -= next.bytes;
      next.pass();
    }
    const [next] = waiting;
    if (next !== undefined)
      timer = setTimeout(() => release(performance.now() + 1), next.dueAt - performance.now());
    if (waitingBytes < MAX_DELAYED_BYTES && from.isPaused() && !to.writableNeedDrain) from.resume();
  };
  const forward = (bytes: number, pass: () => void): void => {
    const state = link();
    if (state.kind === 'stall') return; // lost, but the sockets stay open: their ends notice only by their own time limits
    if (state.kind === 'pass' && waiting.length === 0) return pass();
    waiting.push({ dueAt: performance.now() + (state.kind === 'slow' ? state.delayMs : 0), bytes, pass });
    waitingBytes += bytes;
    if (waitingBytes >= MAX_DELAYED_BYTES) from.pause();
    if (waiting.length === 1) release(performance.now());
  };
  const forget = (): void => {
    clearTimeout(timer);
    waiting.length = 0;
    waitingBytes = 0;
  };

  from.setNoDelay(true);
  from.on('error', () => to.destroy());
  from.on('close', () => {
    forget();
    to.destroy();
  });
  from.on('end', () => forward(0, () => to.end()));
  from.on('data', (chunk: Buffer) =>
    forward(chunk.length, () => {
      if (!to.destroyed && !to.write(chunk)) pauseUntilDrained(from, to);
    }),
  );
  from.resume();
  return {
    flush: () => release(Number.POSITIVE_INFINITY),
    reset() {
      forget();
      from.resetAndDestroy();
    },
  };
}

function pauseUntilDrained(from: Socket, to: Socket): void {
  from.pause();
  to.once('drain', () => from.resume());
}
