import { hash } from 'node:crypto';
import type { Gate } from '@ackline/runtime/gate';
import { createBoundedMap } from '@ackline/shared/bounded-map';
import { createBoundedGate } from './bounded-gate.ts';

/** Who has this secret, a token's or that of a session; null: nobody, or it is dead. */
export type Find<Known, Rest extends readonly unknown[] = []> = (
  secret: string,
  ...rest: Rest
) => Promise<Known | null>;

/** Leaves connections to those who are known. */
const UNKNOWN_AT_A_TIME = 1;
/** As many as there can be connections of callers. */
const MAX_WAITING = 256;
/** A look takes a millisecond; so long is it only while PostgreSQL hangs, and then the next one waits as long. */
const MAX_WAIT_MS = 3_000;
const MAX_KNOWN = 1_000;

/** One for all kinds of secrets. */
export function createUnknownGate(maxWaitMs = MAX_WAIT_MS): Gate {
  const busy = 'Tokens that were not seen here before wait to be looked up';
  return createBoundedGate({ atATime: UNKNOWN_AT_A_TIME, maxWaiting: MAX_WAITING, maxWaitMs, busy });
}

/**
 * Bounds what secrets that are not valid cost: those that were not seen to be valid here are looked up one after the other, and not waited
 * for without end. Nobody is locked out, since 256 random bits are not found by trying, and behind a proxy all callers have one address.
 */
export function createFind<Known, Rest extends readonly unknown[] = []>(
  find: Find<Known, Rest>,
  gate: Gate,
): Find<Known, Rest> {
  const known = createBoundedMap<boolean>(MAX_KNOWN);
  return async (secret, ...rest) => {
    const key = hash('sha256', secret, 'base64url');
    const wasKnown = known.get(key) === true;
    const found = await (wasKnown ? find(secret, ...rest) : gate(() => find(secret, ...rest)));
    if (wasKnown || found !== null) known.set(key, found !== null);
    return found;
  };
}
