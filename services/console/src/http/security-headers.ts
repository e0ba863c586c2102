import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';

/** `sandbox` is its last word: what may be all the same can be put behind it. */
export const RUNS_NOTHING =
  "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

/** An answer of the API is data, whatever a payload holds: no browser is to run, frame or guess anything of it. */
const HEADERS = {
  'content-security-policy': RUNS_NOTHING,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'cache-control': 'no-store',
} as const;

/** On every answer, with the id that the log has the request by. */
export const securityHeaders: RequestHandler = (_request, response, next) => {
  response.set(HEADERS);
  response.set('x-request-id', randomUUID());
  next();
};
