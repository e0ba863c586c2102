/**
 * Keys of certificates that providers show at URLs: fetched in the background, and kept.
 *
 * PK1. Who asks waits for nothing, and nothing of it throws into a verification (A4).
 * PK2. A key is given only once its certificate was found good, and only while it is in force.
 * PK3. Requests of strangers have certificates fetched too. Each is asked for once at a time, again only some time after a failure,
 *      and of those that are not known so many at once and in a minute.
 * PK4. What is not known, and what failed, takes no place of a key that is known, and does not hold up its renewal. Known is what was
 *      found good once, by this process or by another one.
 * PK5. What is learnt of another process is checked as what is fetched, and serves no longer than it would have there.
 */
import { createBoundedMap } from '@ackline/shared/bounded-map';
import type { PublishedCertificate, PublishedKeys } from '@ackline/shared/provider';
import type { CertificateCheck, CheckedCertificate } from './certificate-check.ts';
import type { CertificateFetch } from './certificate-fetch.ts';
import { createKnownKeys, type KnownKeys } from './known-keys.ts';

/** A network that is back is noticed before the provider's next try. */
const FAILED_MS = 10_000;
/** What is shown there was looked at: it seldom becomes another. */
const BAD_MS = 10 * 60_000;
const MAX_PAUSED = 1_000;
const UNKNOWN_AT_ONCE = 2;
const UNKNOWN_PER_MINUTE = 10;
const MINUTE_MS = 60_000;

/** limited: it was not asked for now (PK3). */
export const FETCH_OUTCOMES = ['fetched', 'failed', 'bad', 'limited'] as const;
export type FetchOutcome = (typeof FETCH_OUTCOMES)[number];

export interface FetchFacts {
  readonly url: string;
  /** Epoch milliseconds. */
  readonly validTo?: number;
  /** Of a bad one. */
  readonly why?: string;
  readonly error?: unknown;
}

export interface PublishedKeysDeps {
  readonly fetch: CertificateFetch;
  readonly check: CertificateCheck;
  readonly heard: (outcome: FetchOutcome, facts: FetchFacts) => void;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
  /** Epoch milliseconds. */
  readonly clock?: () => number;
}

export interface FetchedKeys extends PublishedKeys, Pick<KnownKeys, 'known' | 'learn'>, AsyncDisposable {}

export function createPublishedKeys(deps: PublishedKeysDeps): FetchedKeys {
  const { fetch, heard, now = () => performance.now(), clock = Date.now } = deps;
  const keys = createKnownKeys({ check: deps.check, now, clock });
  const pausedUntil = createBoundedMap<number>(MAX_PAUSED);
  const unknown = createUnknownLimit(now);
  const fetching = new Map<string, Promise<void>>();
  const closing = new AbortController();

  function ask(certificate: PublishedCertificate, isKnown: boolean): void {
    const { url } = certificate;
    if (closing.signal.aborted || fetching.has(url) || now() < (pausedUntil.get(url) ?? 0)) return; // (PK3)
    if (!isKnown && !unknown.begin()) return heard('limited', { url });
    const work = fetchKey(certificate).finally(() => {
      fetching.delete(url);
      if (!isKnown) unknown.end();
    });
    fetching.set(url, work);
  }

  async function fetchKey({ url, subject }: PublishedCertificate): Promise<void> {
    try {
      const checked = await checkedAt({ url, subject });
      if (checked.kind === 'bad') {
        pausedUntil.set(url, now() + BAD_MS);
        return heard('bad', { url, why: checked.why });
      }
      keys.add({ url, subject }, checked);
      heard('fetched', { url, validTo: checked.validTo });
    } catch (error) {
      pausedUntil.set(url, now() + FAILED_MS);
      if (!closing.signal.aborted) heard('failed', { url, error });
    }
  }

  /** Once more with its issuer, where that alone is missing. */
  async function checkedAt({ url, subject }: PublishedCertificate): Promise<CheckedCertificate> {
    const shown = await fetch.certificate(url, closing.signal);
    const checked = deps.check(shown, subject, clock());
    if (checked.kind === 'good' || checked.issuerUrl === null) return checked;
    const issuer = await fetch.issuer(checked.issuerUrl, closing.signal);
    return deps.check({ ...shown, others: [...shown.others, issuer] }, subject, clock());
  }

  return {
    keyOf(certificate) {
      const { key, isFresh, isKnown } = keys.of(certificate);
      if (!isFresh) ask(certificate, isKnown); // (PK4)
      return key;
    },
    known: () => keys.known(),
    learn: kept => keys.learn(kept),
    async [Symbol.asyncDispose]() {
      closing.abort();
      await Promise.all(fetching.values());
    },
  };
}

function createUnknownLimit(now: () => number) {
  const begunAt: number[] = [];
  let atOnce = 0;
  return {
    begin(): boolean {
      while (begunAt[0] !== undefined && now() - begunAt[0] >= MINUTE_MS) begunAt.shift();
      if (atOnce >= UNKNOWN_AT_ONCE || begunAt.length >= UNKNOWN_PER_MINUTE) return false;
      begunAt.push(now());
      atOnce += 1;
      return true;
    },
    end(): void {
      atOnce -= 1;
    },
  };
}
