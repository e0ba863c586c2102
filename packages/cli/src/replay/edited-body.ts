import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError } from '@ackline/shared/app-error';
import { decodeMeta } from '@ackline/shared/envelope-codec';
import { mediaType } from '@ackline/shared/headers';
import { readJson } from '@ackline/shared/providers/json-body';
import { open } from '@ackline/shared/seal';
import type { SealedMeta } from '@ackline/store/delivery-edits';

/** As much as an event can have. */
const MAX_BODY_BYTES = 25 * 1024 * 1024;
const JSON_TYPE = /^application\/(.+\+)?json$/;
const STANDARD_INPUT = '-';

export interface EditSource {
  readonly workingDirectory: string;
  readonly input: AsyncIterable<Uint8Array>;
}

/** The bytes of a file, or of standard input for `-`. Throws ACKLINE_USAGE for what no delivery can have as its body. */
export async function readEditedBody(file: string, { workingDirectory, input }: EditSource): Promise<Buffer> {
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

const tooLarge = () => new AppError('ACKLINE_USAGE', 'The edited body is over 25 MiB');

/** It goes out under the content type that the event came with: what says that it is JSON has to be. */
export function checkEditedBody(body: Uint8Array, event: SealedMeta): void {
  const { headers } = decodeMeta(open({ keyId: event.keyId, bytes: event.meta }));
  const type = mediaType(headers);
  if (type === null || !JSON_TYPE.test(type)) return;
  const read = readJson(body);
  if (read.kind === 'malformed') {
    throw new AppError('ACKLINE_USAGE', `The event came as ${type}, and for that ${read.detail}`);
  }
}
