import { hash } from 'node:crypto';
import { createBoundedMap } from '@ackline/shared/bounded-map';
import type { LimitConfig, SourceConfig } from '@ackline/shared/config/types';
import type { LimitVerdict, RateLimits } from '../http/webhook-ports.ts';
import { networkOf } from './client-address.ts';
import { createDeferringLimit } from './deferring-limit.ts';
import { createRefusingLimit, type LimitDeps, type SourceLimit } from './refusing-limit.ts';

/** Of one source, in memory; each about 150 bytes. Each source has its own, so that a flood of one makes no other forget. */
const MAX_KEYS_PER_SOURCE = 10_000;
/** As many as a configuration has sources, so that what a reload has changed is forgotten in the end. */
const MAX_LIMITS = 1_000;

const WITHIN: LimitVerdict = { kind: 'within' };

export interface RateLimitsDeps extends Pick<LimitDeps, 'redis' | 'now'> {
  readonly maxKeys?: number;
}

export interface CountedRateLimits extends RateLimits {
  /** Requests that were over a limit, refused and deferred. */
  readonly hits: number;
  getStats(): RateLimitStats;
}

export interface RateLimitStats {
  readonly rejected: number;
  readonly deferred: number;
}

/**
 * The limits of all sources. What is counted together is a hash of source, tenant, limit and subject: no two sources share a
 * count, and neither Redis nor memory holds the id of a sender or an address.
 */
export function createRateLimits({
  redis,
  now,
  maxKeys = MAX_KEYS_PER_SOURCE,
}: RateLimitsDeps): CountedRateLimits {
  /** By what they are, so that a count outlives a reload that did not change it. */
  const limits = createBoundedMap<NamedLimit>(MAX_LIMITS);
  const bySource = new WeakMap<SourceConfig, NamedLimit>();
  const counts = { rejected: 0, deferred: 0 };

  function limitOf(source: SourceConfig, config: LimitConfig): NamedLimit {
    const known = bySource.get(source);
    if (known !== undefined) return known;
    const { by, over, max, perMs } = config;
    const id = JSON.stringify([source.name, source.tenant, by, over, max, perMs]);
    const create = over === 'defer' ? createDeferringLimit : createRefusingLimit;
    const limit = limits.get(id) ?? { id, take: create(config, { redis, now, maxKeys }).take };
    limits.set(id, limit);
    bySource.set(source, limit);
    return limit;
  }
  function counted(verdict: LimitVerdict): LimitVerdict {
    if (verdict.kind === 'reject') counts.rejected += 1;
    else if (verdict.kind === 'defer') counts.deferred += 1;
    return verdict;
  }
  function take(source: SourceConfig, config: LimitConfig, subject: string) {
    const limit = limitOf(source, config);
    const verdict = limit.take(hash('sha256', limit.id + subject, 'base64url'));
    return verdict instanceof Promise ? verdict.then(counted) : counted(verdict);
  }

  return {
    applies: source => source.limit !== null,
    beforeBody(source, address) {
      const { limit } = source;
      return limit === null || !countsRequests(limit) ? WITHIN : take(source, limit, networkOf(address));
    },
    afterVerify(source, { sender, address }) {
      const { limit } = source;
      if (limit === null || countsRequests(limit)) return WITHIN;
      const subject = subjectOf(limit, sender, address);
      return subject === null ? WITHIN : take(source, limit, subject);
    },
    get hits() {
      return counts.rejected + counts.deferred;
    },
    getStats: () => ({ ...counts }),
  };
}

interface NamedLimit extends SourceLimit {
  readonly id: string;
}

/** Such a limit counts every request, proven or not: it protects what proving costs. */
function countsRequests({ by, over }: LimitConfig): boolean {
  return by === 'ip' && over === 'reject';
}

/** null: an event whose sender is not known is not counted. */
function subjectOf({ by }: LimitConfig, sender: string | null, address: string): string | null {
  switch (by) {
    case 'sender':
      return sender;
    case 'ip':
      return networkOf(address);
    case 'source':
      return '';
    default: {
      const never: never = by;
      return never;
    }
  }
}
