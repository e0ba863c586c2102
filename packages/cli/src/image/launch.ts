import { NODE_ARGUMENTS } from '@ackline/runtime/node-arguments';
import { chooseProgram } from './choose-program.ts';

/** Ends a process 1 that was told to before its program listens. */
const FIRST_SIGNALS = new URL('../../bin/first-signals.mjs', import.meta.url).href;

/** This Node's own path, and all words behind it. */
export function nodeCommand(words: readonly string[]): readonly [string, ...string[]] {
  const { entry, args } = chooseProgram(words);
  return [process.execPath, ...NODE_ARGUMENTS, `--import=${FIRST_SIGNALS}`, entry, ...args];
}

/**
 * Becomes the program that the words name, with the flags that services are started with (docs/decisions/0016-image.md): the same
 * process, so that a container's signals reach it and its exit status is the container's. Returns the exit status where it can't.
 */
export async function launch(words: readonly string[]): Promise<number> {
  try {
    const [node, ...args] = nodeCommand(words);
    if (process.execve === undefined) throw new Error(`This system (${process.platform}) has no execve`);
    return process.execve(node, [node, ...args]);
  } catch (error) {
    const { formatError } = await import('../output/error-line.ts');
    process.stderr.write(`${formatError(error, false)}\n`);
    return 1;
  }
}
