import { decodeUtf8, isObject, type JsonObject } from '@ackline/shared/providers/body/json-body';
import { undecodable } from './handler-error.ts';

/** Throws `undecodable`; its words are the same for every body. */
export function jsonPayload(body: Uint8Array): unknown {
  const text = decodeUtf8(body);
  if (text === null) throw undecodable('the body is not UTF-8');
  try {
    return JSON.parse(text);
  } catch {
    throw undecodable('the body is not JSON'); // its own message would quote it
  }
}

export function jsonObjectPayload(body: Uint8Array): JsonObject {
  const value = jsonPayload(body);
  if (isObject(value)) return value;
  throw undecodable('the body is not a JSON object');
}
