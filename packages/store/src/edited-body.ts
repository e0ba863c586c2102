import { decodeMeta } from '@ackline/shared/envelope-codec';
import { mediaType } from '@ackline/shared/headers';
import { readJson } from '@ackline/shared/providers/body/json-body';
import { open, seal } from '@ackline/shared/seal';
import type { Pool } from 'pg';
import { readDeliveryMeta, replayEdited, type SealedMeta } from './delivery-edits.ts';
import type { ReplayResult } from './replay-delivery.ts';

const JSON_TYPE = /^application\/(.+\+)?json$/;

/** `unfit`: it can't be what the event's headers say that it is. */
export type EditResult = ReplayResult | { readonly kind: 'unfit'; readonly problem: string };

/** Sends a finished delivery again with these bytes for a body, from now on: see {@link replayEdited}. */
export async function replayWithBody(
  pool: Pool,
  id: string,
  { actor, body }: { readonly actor: string; readonly body: Uint8Array },
): Promise<EditResult> {
  const event = await readDeliveryMeta(pool, id);
  if (event === null) return { kind: 'not-found' };
  const problem = problemOf(body, event);
  if (problem !== null) return { kind: 'unfit', problem };
  const { keyId, bytes } = seal(body);
  return replayEdited(pool, id, { actor, edit: { keyId, body: bytes }, body });
}

/** It goes out under the content type that the event came with: what says that it is JSON has to be. null: it may. */
function problemOf(body: Uint8Array, event: SealedMeta): string | null {
  const { headers } = decodeMeta(open({ keyId: event.keyId, bytes: event.meta }));
  const type = mediaType(headers);
  if (type === null || !JSON_TYPE.test(type)) return null;
  const read = readJson(body);
  return read.kind === 'malformed' ? `The event came as ${type}, and for that ${read.detail}` : null;
}
