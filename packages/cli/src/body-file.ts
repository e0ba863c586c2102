import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError } from '@ackline/shared/app-error';
import type { CommandContext } from './command-context.ts';

/** As much as an event can have. */
const MAX_BODY_BYTES = 25 * 1024 * 1024;
const STANDARD_INPUT = '-';

/** The bytes of a file, or of standard input for `-`. Throws ACKLINE_USAGE for more than an event can have. */
export async function readBodyFile(
  file: string,
  { workingDirectory, input }: Pick<CommandContext, 'workingDirectory' | 'input'>,
): Promise<Buffer> {
  const body =
    file === STANDARD_INPUT ? await readInput(input) : await readFile(resolve(workingDirectory, file));
  if (body.length > MAX_BODY_BYTES) throw tooLarge();
  return body;
}

async function readInput(input: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const tooLarge = () => new AppError('ACKLINE_USAGE', 'The body is over 25 MiB');
