import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import { secretFingerprint, type ToldSecret } from '@ackline/store/secret-uses';
import type { Shown } from '../metrics/ingress-metrics.ts';
import type { SecretTally } from '../metrics/secret-tally.ts';

/** What a process that is killed has not told yet is no longer than this. */
const WRITE_EVERY_MS = 30_000;
/** A process that ends waits no longer for its last word: without it, it counts as one that is silent. */
const END_LIMIT_MS = 2_000;

export interface SecretRecordDeps {
  readonly tally: SecretTally;
  readonly shown: Pick<Shown, 'configured' | 'secretsOf'>;
  /** `isLast`: this process ends. Rejects while PostgreSQL is away: what it was to write goes with the next one. */
  readonly write: (told: readonly ToldSecret[], isLast: boolean) => Promise<void>;
  readonly log: Pick<Logger, 'debug'>;
  readonly everyMs?: number;
  readonly endLimitMs?: number;
}

/** Writes down which secrets there are and what they proved, in the background and once more at its end: no request waits for it. */
export function createSecretRecord(deps: SecretRecordDeps): Component {
  const { tally, shown, write, log, everyMs = WRITE_EVERY_MS, endLimitMs = END_LIMIT_MS } = deps;
  /** By source and fingerprint. */
  const written = new Map<string, number>();

  async function tell(isLast: boolean): Promise<void> {
    const counts = new Map<string, number>();
    const told: ToldSecret[] = [];
    for (const { name: source, secrets } of shown.configured()) {
      for (const secret of shown.secretsOf(secrets)) {
        const fingerprint = secretFingerprint(source, secret);
        const key = `${source}\n${fingerprint}`;
        if (counts.has(key)) continue;
        const { count, lastAt } = tally.of(source, secret);
        counts.set(key, count);
        const known = written.get(key) ?? 0;
        // Less than before: it was forgotten meanwhile, and counts from the start.
        const fresh = count < known ? count : count - known;
        told.push({ source, fingerprint, uses: fresh, lastUsedAt: lastAt === 0 ? null : lastAt });
      }
    }
    await write(told, isLast);
    for (const [key, count] of counts) written.set(key, count);
  }

  async function tellUntil(signal: AbortSignal): Promise<void> {
    for (let isLast = false; !isLast; ) {
      await delay(everyMs, undefined, { signal }).catch(() => undefined);
      isLast = signal.aborted;
      await tell(isLast).catch((error: unknown) => log.debug({ err: error }, 'secret-uses.unwritten'));
    }
  }

  return {
    name: 'secret-record',
    run: signal => Promise.race([tellUntil(signal), longAfter(signal, endLimitMs)]),
  };
}

async function longAfter(signal: AbortSignal, ms: number): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
  await delay(ms, undefined, { ref: false });
}
