import { createHash, hash } from 'node:crypto';
import type { SeenFacts } from '../http/webhook-ports.ts';

/** Hashed in one call, which costs a third of four: room for nearly every webhook. */
const SCRATCH_BYTES = 16_384;
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

/**
 * One short text for one signed request: SHA-256, a character a byte. Other source, tenant, secret, method, URL, dedup key
 * or body, other key. Each text stands behind its length, so that no two lists of facts are written alike.
 */
export function seenKey({ source, tenant, secret, method, url, dedupKey, body }: SeenFacts): string {
  const texts =
    `${source.length}:${source}${tenant.length}:${tenant}${secret.length}:${secret}` +
    `${method.length}:${method}${url.length}:${url}${dedupKey.length}:${dedupKey}`;
  // UTF-16 keeps every text apart; UTF-8 writes all halves of surrogate pairs alike.
  const textBytes = 2 * texts.length;
  const bytes = textBytes + body.byteLength;
  if (bytes > SCRATCH_BYTES)
    return createHash('sha256').update(texts, 'utf16le').update(body).digest('binary');
  scratch.write(texts, 'utf16le');
  scratch.set(body, textBytes);
  return hash('sha256', scratch.subarray(0, bytes), 'binary');
}
