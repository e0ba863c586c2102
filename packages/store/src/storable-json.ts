const ESCAPE = '\\u';
/** As JSON.stringify writes them: pairs of surrogates are characters, so an escaped one is half a pair. A backslash of the text is two. */
const UNSTORABLE = /\\(\\|u0000|ud[89a-f][0-9a-f]{2})/g;

/**
 * JSON for a `jsonb`, which refuses NUL and half a surrogate pair: each is U+FFFD in it. Words of others (a handler's error, an answer cut
 * within a character) may hold both, and one such text would fail all that goes in its statement.
 */
export function storableJson(value: unknown): string {
  const json = JSON.stringify(value);
  if (!json.includes(ESCAPE)) return json;
  return json.replace(UNSTORABLE, (all, escaped) => (escaped === '\\' ? all : '\ufffd'));
}
