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
