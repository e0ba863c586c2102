import { randomUUID } from 'node:crypto';
import type { HandlerServices, OnceBegun, ServiceCaller } from '../thread/protocol.ts';

type Claim =
  | { readonly kind: 'open'; readonly claim: string }
  | { readonly kind: 'left' }
  | { readonly kind: 'done'; readonly result: string | null };

interface Cached {
  readonly value: string;
  readonly expiresAt: number;
}

interface Lease {
  readonly id: string;
  readonly waiting: Set<() => void>;
}

/** `once`, `cache` and rate limits as they are to a handler, in memory; limits are never used up. */
export function createMemoryServices(now: () => number = Date.now): HandlerServices {
  return { ...onceServices(), ...cacheServices(now), 'limit.take': () => Promise.resolve({ waitMs: 0 }) };
}

function onceServices(): Pick<HandlerServices, 'once.begin' | 'once.end'> {
  const claims = new Map<string, Claim>();
  return {
    'once.begin': async ({ key, uncertain }, caller) => {
      const place = `${caller.destination} ${key}`;
      const known = claims.get(place);
      const mayClaim = known === undefined || (known.kind === 'left' && uncertain === 'again');
      if (!mayClaim) return begunOf(known);
      const claim = randomUUID();
      claims.set(place, { kind: 'open', claim });
      caller.signal.addEventListener('abort', () => {
        const left = claims.get(place);
        if (left?.kind === 'open' && left.claim === claim) claims.set(place, { kind: 'left' });
      });
      return { kind: 'claimed', claim };
    },
    'once.end': async ({ key, outcome }, { destination }) => {
      const place = `${destination} ${key}`;
      if (outcome.kind === 'undone') claims.delete(place);
      else
        claims.set(
          place,
          outcome.kind === 'done' ? { kind: 'done', result: outcome.result } : { kind: 'left' },
        );
      return {};
    },
  };
}

function begunOf(claim: Claim): OnceBegun {
  if (claim.kind === 'done') return { kind: 'kept', result: claim.result };
  return { kind: claim.kind === 'open' ? 'busy' : 'uncertain' };
}

type CacheServices = Pick<
  HandlerServices,
  'cache.get' | 'cache.set' | 'cache.delete' | 'cache.lease' | 'cache.release'
>;

function cacheServices(now: () => number): CacheServices {
  const values = new Map<string, Cached>();
  const leases = new Map<string, Lease>();
  const placeOf = (key: string, { destination }: ServiceCaller) => `${destination} ${key}`;

  function live(place: string): string | null {
    const cached = values.get(place);
    return cached !== undefined && cached.expiresAt > now() ? cached.value : null;
  }

  function release(place: string, id: string | null): void {
    const lease = leases.get(place);
    if (lease === undefined || lease.id !== id) return;
    leases.delete(place);
    for (const wake of lease.waiting) wake();
  }

  return {
    'cache.get': async ({ key }, caller) => ({ value: live(placeOf(key, caller)) }),
    'cache.set': async ({ key, value, ttlMs, lease }, caller) => {
      const place = placeOf(key, caller);
      values.set(place, { value, expiresAt: now() + ttlMs });
      release(place, lease);
      return {};
    },
    'cache.delete': async ({ key }, caller) => {
      values.delete(placeOf(key, caller));
      return {};
    },
    'cache.lease': async ({ key }, caller) => {
      const place = placeOf(key, caller);
      for (;;) {
        const value = live(place);
        if (value !== null) return { value };
        const held = leases.get(place);
        if (held === undefined) break;
        await new Promise<void>(resolve => held.waiting.add(resolve));
      }
      const lease = { id: randomUUID(), waiting: new Set<() => void>() };
      leases.set(place, lease);
      caller.signal.addEventListener('abort', () => release(place, lease.id));
      return { lease: lease.id };
    },
    'cache.release': async ({ key, lease }, caller) => {
      release(placeOf(key, caller), lease);
      return {};
    },
  };
}
