import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import type { HeaderPairs } from '../../../src/envelope.ts';
import { newKeysOf } from '../../../src/new-keys.ts';
import type {
  Identity,
  KeyPair,
  Provider,
  ReceivedRequest,
  SampleRequest,
  SplitPart,
} from '../../../src/provider.ts';

export const NOW = Date.UTC(2026, 10, 22, 12);
export const URL_CALLED = 'https://hooks.example.com/webhook/whatsapp';

/** The exact bytes of `test/fixtures/<path>`. */
export function fixture(path: string): Buffer {
  return readFileSync(new URL(`../../fixtures/${path}`, import.meta.url));
}

export function post(headers: HeaderPairs, body: string | Uint8Array, url = URL_CALLED): ReceivedRequest {
  return { method: 'POST', url, headers, body: Buffer.from(body) };
}

/** `secret`: of a key pair the signing key. */
export function signedSample(provider: Provider, secret: string, sequence = 0, now = NOW): ReceivedRequest {
  return receivedOf(provider.sample({ url: URL_CALLED, secret, sequence, now }));
}

/** The given bytes, signed as a sample. */
export function signedBody(provider: Provider, secret: string, body: Uint8Array, now = NOW): ReceivedRequest {
  return receivedOf(provider.sample({ url: URL_CALLED, secret, sequence: 0, now, body }));
}

function receivedOf({ headers, body, query = '' }: SampleRequest): ReceivedRequest {
  return { method: 'POST', url: URL_CALLED + query, headers, body };
}

export function identityOf(provider: Provider, request: ReceivedRequest): Identity {
  const identified = provider.identify(request);
  assert.equal(identified.kind, 'event');
  return identified.identity;
}

/** Of a provider that splits; none of a body that stays whole. */
export function partsOf(provider: Provider, body: string | Uint8Array): readonly SplitPart[] {
  return [...(provider.split?.({ body: Buffer.from(body) }) ?? [])];
}

/** Of the events of a body, or of the one that it is. */
export function dedupKeysOf(provider: Provider, request: ReceivedRequest): readonly (string | null)[] {
  const parts = partsOf(provider, request.body);
  return parts.length > 0
    ? parts.map(({ identity }) => identity.dedupKey)
    : [identityOf(provider, request).dedupKey];
}

export function refusal(provider: Provider, request: ReceivedRequest, secrets: string[]): string {
  const verdict = provider.verify(request, secrets, NOW);
  return verdict.verified ? 'verified' : verdict.reason;
}

/** The request with a header replaced (or, by null, taken out). */
export function withHeader(request: ReceivedRequest, name: string, value: string | null): ReceivedRequest {
  const others = request.headers.filter(([other]) => other.toLowerCase() !== name.toLowerCase());
  return { ...request, headers: value === null ? others : [...others, [name, value]] };
}

export function withBody(request: ReceivedRequest, body: Uint8Array): ReceivedRequest {
  return { ...request, body };
}

/** A generator of numbers in [0, 1) that always gives the same row (mulberry32), so that a failure can be repeated. */
export function repeatableRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const STORABLE = /^\P{Cc}{1,200}$/u;

export function assertStorable(identity: Identity): void {
  for (const key of [identity.type, identity.dedupKey, identity.orderingKey])
    assert.ok(key === null || (STORABLE.test(key) && key.isWellFormed()), JSON.stringify(key));
  const { occurredAt } = identity;
  assert.ok(occurredAt === null || (Number.isSafeInteger(occurredAt) && occurredAt > 0));
}

/** Whatever a body holds: what a provider that splits makes of it are events that can be stored. */
export function assertParts(provider: Provider, body: Uint8Array): void {
  for (const part of partsOf(provider, body)) {
    assertStorable(part.identity);
    assert.ok(part.body.length > 0);
    JSON.parse(new TextDecoder().decode(part.body)); // a body that stays as it came may begin with a byte order mark
  }
}

/** Two pairs that the provider takes. */
export function keysOf(provider: Provider): readonly [first: KeyPair, second: KeyPair] {
  return [newKeysOf(provider, Buffer.alloc(32, 0x5a)), newKeysOf(provider, Buffer.alloc(32, 0xa5))];
}
