import { createHash } from 'node:crypto';

/** Keys are indexed in PostgreSQL (a btree row ends at 2,704 bytes) and shown to people; 200 UTF-16 units stay under 600 bytes. */
const KEY_MAX_UNITS = 200;

const HASHED_PREFIX = 'sha256:';

// NUL is refused by PostgreSQL text; the other control characters would break log lines and record headers.
const CONTROL_CHARACTER = /\p{Cc}/u;

/**
 * One key (dedup key, ordering key, type) out of one or more texts that a sender chose.
 *
 * Different parts never give the same key: parts are joined by `|`, and `\` and `|` inside of one are escaped by `\`.
 * What PostgreSQL text can not hold, or what is longer than 200 units, becomes `sha256:<hex>` of the parts as a JSON array;
 * a plain key that itself begins so is hashed too.
 */
export function safeKey(...parts: readonly [first: string, ...rest: string[]]): string {
  const simple = simpleKey(parts);
  if (simple !== null) return simple;
  const plain = parts.map(escapePart).join('|');
  return isStorable(plain) ? plain : HASHED_PREFIX + sha256(JSON.stringify(parts));
}

/** What nearly every id is: one look then tells that nothing is to be escaped or hashed. */
const SIMPLE_PART = /^[\w.@+-]{1,99}$/;

/** null: it takes a closer look. */
function simpleKey([first, second, ...more]: readonly string[]): string | null {
  if (first === undefined || more.length > 0 || !SIMPLE_PART.test(first)) return null;
  if (second === undefined) return first;
  return SIMPLE_PART.test(second) ? `${first}|${second}` : null;
}

function escapePart(part: string): string {
  return part.includes('|') || part.includes('\\') ? part.replace(/[\\|]/g, '\\$&') : part;
}

function isStorable(key: string): boolean {
  return (
    key.length <= KEY_MAX_UNITS &&
    key.isWellFormed() &&
    !CONTROL_CHARACTER.test(key) &&
    !key.startsWith(HASHED_PREFIX)
  );
}

// JSON.stringify writes a lone surrogate as an escape, so parts that differ only there still differ.
function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
