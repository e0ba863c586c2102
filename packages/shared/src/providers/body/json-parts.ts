import { endOfString } from './json-text.ts';

/**
 * Pieces of a JSON text as the bytes that they are: what is taken out of a body this way is the provider's own, numbers and
 * escapes included. The text has to be JSON; of anything else the pieces are just some bytes.
 */

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const EMPTY = new Uint8Array();

/** What stands between the commas of a list or an object, with the space around it: a single piece of space where that is empty. */
export function* jsonParts(json: Uint8Array): Generator<Uint8Array, undefined> {
  let depth = 0;
  let start = 0;
  for (let index = 0; index < json.length; index += 1) {
    const byte = json[index] ?? 0;
    if (byte === QUOTE) index = endOfString(json, index);
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth += 1;
      if (depth === 1) start = index + 1;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth -= 1;
      if (depth === 0) yield json.subarray(start, index);
    } else if (byte === COMMA && depth === 1) {
      yield json.subarray(start, index);
      start = index + 1;
    }
  }
}

/** The elements of a list, each with the bytes that it has there. `values`: what was read of `json`, which is this list. */
export function* jsonElements(
  values: readonly unknown[],
  json: Uint8Array,
): Generator<readonly [value: unknown, bytes: Uint8Array], undefined> {
  const parts = jsonParts(json);
  for (const value of values) yield [value, parts.next().value ?? EMPTY];
}

/** An object's members, in their order: the name as it is read, and the value. */
export function jsonMembers(json: Uint8Array): (readonly [name: string, value: Uint8Array])[] {
  return [...jsonParts(json)].flatMap(part => {
    const start = part.indexOf(QUOTE);
    if (start === -1) return [];
    const end = endOfString(part, start);
    const name = JSON.parse(Buffer.from(part.subarray(start, end + 1)).toString()) as string;
    return [[name, part.subarray(part.indexOf(COLON, end) + 1)] as const];
  });
}

/** The value of an object's member; of several with this name the last one, as JSON.parse has it. null: there is none. */
export function jsonMember(json: Uint8Array, name: string): Uint8Array | null {
  return jsonMembers(json).findLast(([own]) => own === name)?.[1] ?? null;
}
