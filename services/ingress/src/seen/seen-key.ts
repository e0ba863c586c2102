import { createHash } from 'node:crypto';
import type { SeenFacts } from '../http/webhook-ports.ts';

/**
 * One short text for one signed request: SHA-256, a character a byte. Other source, tenant, secret, method, URL, dedup key
 * or body, other key. Each text stands behind its length, so that no two lists of facts are written alike.
 */
export function seenKey({ source, tenant, secret, method, url, dedupKey, body }: SeenFacts): string {
  const texts =
    `${source.length}:${source}${tenant.length}:${tenant}${secret.length}:${secret}` +
    `${method.length}:${method}${url.length}:${url}${dedupKey.length}:${dedupKey}`;
  // UTF-16 keeps every text apart; UTF-8 writes all halves of surrogate pairs alike.
  return createHash('sha256').update(texts, 'utf16le').update(body).digest('binary');
}
