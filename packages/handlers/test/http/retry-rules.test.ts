import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Exchanged } from '../../src/http/exchange.ts';
import { nextTryMs, type TryPolicy } from '../../src/http/retry-rules.ts';

const answered = (status: number): Exchanged => ({
  kind: 'answer',
  answer: { status, headers: {}, body: Buffer.alloc(0) },
});
const failed = (code: string, wasSent: boolean): Exchanged => ({ kind: 'failed', code, wasSent });
const first: TryPolicy = {
  tries: 1,
  idempotent: false,
  remainingMs: 30_000,
  retryAfterMs: null,
  random: 0.5,
};

describe('another try', () => {
  for (const [what, exchanged, policy, wanted] of [
    ['of what was answered', answered(200), { idempotent: true }, null],
    ['of what is wrong', answered(400), { idempotent: true }, null],
    ['of a server that is away', answered(503), { idempotent: true }, 150],
    ['of one that is away, where it may not be repeated', answered(503), {}, null],
    ['of one that says when', answered(503), { retryAfterMs: 4_000 }, 4_000],
    ['of one that limits', answered(429), {}, 150],
    ['of one that limits for longer than a thread waits', answered(429), { retryAfterMs: 10_001 }, null],
    ['that would come when the time is over', answered(429), { retryAfterMs: 900, remainingMs: 900 }, null],
    ['of what was cut', failed('ECONNRESET', true), {}, null],
    ['of what was cut and may be repeated', failed('ECONNRESET', true), { idempotent: true }, 150],
    ['of what was not sent', failed('ECONNREFUSED', false), {}, 150],
    ['of what had its time', failed('TIMEOUT', false), { idempotent: true }, null],
    ['of what was aborted', failed('ABORTED', false), { idempotent: true }, null],
    ['of what is too large', failed('TOO_LARGE', true), { idempotent: true }, null],
    ['with a certificate that is not trusted', failed('CERT_HAS_EXPIRED', false), { idempotent: true }, null],
    ['after three', answered(503), { idempotent: true, tries: 3 }, null],
    ['after two waits longer', answered(503), { idempotent: true, tries: 2 }, 250],
  ] as const) {
    it(`${what}: ${wanted === null ? 'none' : `after ${wanted} ms`}`, () => {
      assert.equal(nextTryMs(exchanged, { ...first, ...policy }), wanted);
    });
  }
});
