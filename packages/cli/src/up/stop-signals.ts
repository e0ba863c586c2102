import type { SignalSource } from '@ackline/runtime/signals';

/** A person's second Ctrl-C comes later than this; copies of the first come sooner. */
const SAME_KEYPRESS_MS = 500;

/**
 * One Ctrl-C may arrive several times: the terminal sends it to every process of the group, and npm and the launcher pass it
 * on besides. Copies would count as the second signal, which forces; so what follows at once is dropped.
 */
export function withoutCopies(source: SignalSource, now: () => number): SignalSource {
  const wrapped = new Map<() => void, () => void>();
  let lastAt = Number.NEGATIVE_INFINITY;
  return {
    pid: source.pid,
    on(event, listener) {
      const once = () => {
        if (now() - lastAt < SAME_KEYPRESS_MS) return;
        lastAt = now();
        listener();
      };
      wrapped.set(listener, once);
      return source.on(event, once);
    },
    off: (event, listener) => source.off(event, wrapped.get(listener) ?? listener),
    kill: (pid, signal) => source.kill(pid, signal),
    exit: code => source.exit(code),
  };
}
