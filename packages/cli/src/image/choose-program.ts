import { fileURLToPath } from 'node:url';
import { AppError } from '@ackline/shared/app-error';
import { SERVICE_ENTRIES } from '../service-entries.ts';

/** A program of the image: its main.ts, and the words that it gets. */
export interface ImageProgram {
  readonly entry: string;
  readonly args: readonly string[];
}

const CLI_ENTRY = fileURLToPath(new URL('../main.ts', import.meta.url));
const CLI_NAME = 'ackline';

/**
 * What the words behind the image's name mean: a service by its name, else a command of `ackline`, with that word before it or
 * without. Throws ACKLINE_USAGE for a service with further words: they would be ignored.
 */
export function chooseProgram(words: readonly string[]): ImageProgram {
  const [first, ...rest] = words;
  if (first === 'ingress' || first === 'processor' || first === 'console') {
    if (rest.length > 0)
      throw new AppError(
        'ACKLINE_USAGE',
        `${first} takes no further words, but got ${rest.join(' ')}: it is configured by the environment`,
      );
    return { entry: SERVICE_ENTRIES[first], args: [] };
  }
  return { entry: CLI_ENTRY, args: first === CLI_NAME ? rest : words };
}
