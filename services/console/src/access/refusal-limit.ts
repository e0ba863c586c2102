import { hash } from 'node:crypto';
import { AppError } from '@ackline/shared/app-error';
import { createBoundedMap } from '@ackline/shared/bounded-map';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

/** Slips of a person, and a script with an old token, are fewer; more are only load. */
const MAX_REFUSALS = 10;
const WINDOW_S = 60;
const MAX_KNOWN_TOKENS = 1_000;

/** Bounds what tokens that are not valid cost, by address. One that was valid before is never held up by the others of its address. */
export interface RefusalLimit {
  /** Throws ACKLINE_TOO_MANY_REFUSALS. */
  check(address: string, token: string): Promise<void>;
  refused(address: string, token: string): Promise<void>;
  accepted(token: string): void;
}

/** The seconds until the next try, on the error of {@link RefusalLimit}. */
export class RefusedTooOften extends AppError {
  readonly retryAfterS: number;

  constructor(retryAfterMs: number) {
    super('ACKLINE_TOO_MANY_REFUSALS');
    this.retryAfterS = Math.max(1, Math.ceil(retryAfterMs / 1_000));
  }
}

export function createRefusalLimit(): RefusalLimit {
  const limiter = new RateLimiterMemory({ points: MAX_REFUSALS, duration: WINDOW_S });
  const known = createBoundedMap<boolean>(MAX_KNOWN_TOKENS);
  const keyOf = (token: string) => hash('sha256', token, 'base64url');
  return {
    async check(address, token) {
      if (known.get(keyOf(token)) === true) return;
      const spent = await limiter.get(address);
      if (spent !== null && spent.consumedPoints >= MAX_REFUSALS)
        throw new RefusedTooOften(spent.msBeforeNext);
    },
    async refused(address, token) {
      if (known.get(keyOf(token)) === true) known.set(keyOf(token), false);
      await limiter.consume(address).catch((error: unknown) => {
        if (!(error instanceof RateLimiterRes)) throw error; // over it: the next check says so
      });
    },
    accepted(token) {
      known.set(keyOf(token), true);
    },
  };
}
