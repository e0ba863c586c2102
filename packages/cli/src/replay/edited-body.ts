import { AppError } from '@ackline/shared/app-error';
import { decodeMeta } from '@ackline/shared/envelope-codec';
import { mediaType } from '@ackline/shared/headers';
import { readJson } from '@ackline/shared/providers/body/json-body';
import { open } from '@ackline/shared/seal';
import type { SealedMeta } from '@ackline/store/delivery-edits';

const JSON_TYPE = /^application\/(.+\+)?json$/;

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
