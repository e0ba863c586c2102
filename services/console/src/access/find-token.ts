import { hash } from 'node:crypto';
import { createGate } from '@ackline/runtime/gate';
import { createBoundedMap } from '@ackline/shared/bounded-map';
import type { ConsoleToken } from '@ackline/store/console-tokens';

/** null: it is no token, or a dead one. */
export type FindToken = (token: string) => Promise<ConsoleToken | null>;

/** Leaves connections to those who are known. */
const UNKNOWN_AT_A_TIME = 1;
const MAX_KNOWN = 1_000;

/**
 * Bounds what tokens that are not valid cost: those that were not seen to be valid here are looked up one after the other. Nobody is
 * locked out, since 256 random bits are not found by trying, and behind a proxy all callers have one address.
 */
export function createFindToken(find: FindToken): FindToken {
  const gate = createGate(UNKNOWN_AT_A_TIME);
  const known = createBoundedMap<boolean>(MAX_KNOWN);
  return async token => {
    const key = hash('sha256', token, 'base64url');
    const wasKnown = known.get(key) === true;
    const found = await (wasKnown ? find(token) : gate(() => find(token)));
    if (wasKnown || found !== null) known.set(key, found !== null);
    return found;
  };
}
