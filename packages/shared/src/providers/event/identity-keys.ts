import { hash } from 'node:crypto';

import { safeKey } from '../../safe-key.ts';
import { idText } from '../body/json-body.ts';

/** What an identity is made of, where a provider says it as most do. */

/** The type that a text names; `unknown` where it is none. */
export function typeKey(value: unknown): string {
  return typeof value === 'string' && value !== '' ? safeKey(value) : 'unknown';
}

/** The key that an id is; null where it is none. */
export function idKey(value: unknown): string | null {
  const id = idText(value);
  return id === null ? null : safeKey(id);
}

/** 128 bits: no two bodies meet by accident, and the index stays small. */
const BODY_HASH_CHARS = 32;

/** Of a body that tells events apart, alone or with an id that is not signed. */
export function bodyHash(body: Uint8Array): string {
  return hash('sha256', body, 'hex').slice(0, BODY_HASH_CHARS);
}

/** As many as are worth the time of each request: no provider puts more into a body. */
const MAX_KEYED_EVENTS = 5_000;

/**
 * The key of a body with several events: theirs together. Who has it has each of them, so that a repeat of the body is known where one
 * of the two was split and the other stayed whole, whatever else of them differs (LINE marks what it sends again). null: one of them has
 * no key, and may be another the next time; or they are very many.
 */
export function keyOfAll(keys: Iterable<string | null>): string | null {
  const all: string[] = [];
  for (const key of keys) {
    if (key === null || all.length === MAX_KEYED_EVENTS) return null;
    all.push(key);
  }
  // No key has a line end in it (safe-key.ts).
  return all.length < 2 ? null : safeKey('events', bodyHash(Buffer.from(all.join('\n'))));
}
