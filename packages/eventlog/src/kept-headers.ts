import { META_HEADER, type ReceivedRecord } from './kafka-record.ts';

/**
 * The headers of a record that is no event, as quarantine keeps them: JSON pairs of name and text. Whole, as its value is: another
 * release may make an event of them. An envelope is UTF-8, so that its text has every byte of it.
 */
export function keepHeaders(headers: ReceivedRecord['headers']): Buffer {
  const texts = Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]);
  return Buffer.from(JSON.stringify(texts), 'utf8');
}

/** The envelope among them, as `encodeRecord` wrote it. null: there is none, or these are no kept headers. */
export function envelopeInKept(kept: Uint8Array): Buffer | null {
  const pairs = parse(kept);
  if (!Array.isArray(pairs)) return null;
  const found = (pairs as unknown[]).find(pair => Array.isArray(pair) && pair[0] === META_HEADER);
  const text: unknown = Array.isArray(found) ? found[1] : undefined;
  return typeof text === 'string' ? Buffer.from(text, 'utf8') : null;
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return null;
  }
}
