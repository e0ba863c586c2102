import { jsonPayload } from './json-payload.ts';
import type { Source } from './source.ts';

/** Events of any provider whose body is JSON. */
export const any: Source<unknown> = {
  provider: null,
  decode: event => jsonPayload(event.body),
};
