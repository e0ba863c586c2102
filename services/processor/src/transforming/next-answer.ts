import type { ChildProcess } from 'node:child_process';
import type { TransformAnswer } from './transform-job.ts';

/** What a process does next. */
export type Next =
  | { readonly kind: 'answer'; readonly answer: TransformAnswer }
  | { readonly kind: 'exit'; readonly signal: string | null; readonly error?: Error }
  | { readonly kind: 'timeout' };

export function nextOf(child: ChildProcess, limitMs: number): Promise<Next> {
  return new Promise(resolve => {
    const settle = (next: Next) => {
      clearTimeout(timer);
      child.off('message', onMessage).off('exit', onExit).off('error', onError);
      resolve(next);
    };
    const onMessage = (answer: unknown) => settle({ kind: 'answer', answer: answer as TransformAnswer });
    const onExit = (_: number | null, signal: string | null) => settle({ kind: 'exit', signal });
    const onError = (error: Error) => settle({ kind: 'exit', signal: null, error });
    // Where this process stood still, the answer is there already and only not read: one turn to do so.
    const timer = setTimeout(
      () => setImmediate(() => setImmediate(() => settle({ kind: 'timeout' }))),
      limitMs,
    );
    child.on('message', onMessage).on('exit', onExit).on('error', onError);
  });
}
