import { constants } from 'node:os';

type StopSignal = 'SIGTERM' | 'SIGINT';

/** What is used of `process`; a test passes its own. */
export interface SignalSource {
  readonly pid: number;
  on(event: StopSignal | 'disconnect', listener: () => void): unknown;
  off(event: StopSignal | 'disconnect', listener: () => void): unknown;
  kill(pid: number, signal: StopSignal): unknown;
  exit(code: number): unknown;
}

export interface ShutdownOptions {
  readonly source: SignalSource;
  /** A forked child drains when its parent's IPC channel closes: an orphan would hold its ports for ever. */
  readonly stopWithParent: boolean;
  onDrain(reason: StopSignal | 'disconnect'): void;
  onForce(signal: StopSignal): void;
}

export interface Shutdown {
  /** Aborts at the first SIGTERM, SIGINT or (opt-in) loss of the parent. */
  readonly signal: AbortSignal;
  /** Takes the handlers off again. */
  dispose(): void;
}

/**
 * Two signals, two meanings: the first one drains, a second one ends the process at once, by that signal, so that the exit
 * status stays truthful. Losing the parent only ever drains.
 */
export function listenForShutdown(options: ShutdownOptions): Shutdown {
  const { source, stopWithParent } = options;
  const controller = new AbortController();

  const stop = (signal: StopSignal) => {
    if (!controller.signal.aborted) {
      options.onDrain(signal);
      controller.abort();
      return;
    }
    options.onForce(signal);
    dispose();
    source.kill(source.pid, signal);
    // As process 1 of a container the kernel ignores a signal that has no handler: leave with the same status then.
    setImmediate(() => source.exit(128 + constants.signals[signal])).unref();
  };
  const onTerm = () => stop('SIGTERM');
  const onInt = () => stop('SIGINT');
  const onDisconnect = () => {
    if (controller.signal.aborted) return;
    options.onDrain('disconnect');
    controller.abort();
  };
  const dispose = () => {
    source.off('SIGTERM', onTerm);
    source.off('SIGINT', onInt);
    source.off('disconnect', onDisconnect);
  };

  source.on('SIGTERM', onTerm);
  source.on('SIGINT', onInt);
  if (stopWithParent) source.on('disconnect', onDisconnect);
  return { signal: controller.signal, dispose };
}
