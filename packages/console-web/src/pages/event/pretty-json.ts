/** Deeper than this, lines no longer move to the right: 10,000 levels would be 100 MB of blanks. */
const MAX_INDENT = 32;
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[[\]{}:,]/y;
const BLANK = /[ \t\r\n]*/y;

export interface PrettyJson {
  readonly text: string;
  /** It ended at the bound of what is shown. */
  readonly isCut: boolean;
}

export interface PrettyOptions {
  /** The text is the beginning of a longer one: its last token may be half there. */
  readonly isCut: boolean;
  readonly maxChars: number;
}

/**
 * JSON in lines, token by token: each stands as it came, so that a number keeps its digits, a key that is there twice stays, and depth
 * costs no stack. null: it is no JSON.
 */
export function prettyJson(source: string, { isCut, maxChars }: PrettyOptions): PrettyJson | null {
  const open: string[] = [];
  const parts: string[] = [];
  let [at, length, before] = [blankEnd(source, 0), 0, ''];
  while (at < source.length && length < maxChars) {
    const token = tokenAt(source, at);
    if (token === null && isCut && isHalfToken(source.slice(at)))
      return { text: parts.join('') + source.slice(at), isCut };
    if (token === null || !mayFollow(before, token, open)) return null;
    const part = gapBefore(token, before, open) + token;
    parts.push(part);
    length += part.length;
    before = token;
    at = blankEnd(source, at + token.length);
  }
  const hasMore = isCut || at < source.length;
  const isNone = before === '' || open.length > 0;
  return isNone && !hasMore ? null : { text: parts.join(''), isCut: hasMore };
}

const CLOSES: Readonly<Record<string, string>> = { '{': '}', '[': ']' };

function blankEnd(source: string, from: number): number {
  BLANK.lastIndex = from;
  BLANK.exec(source);
  return BLANK.lastIndex;
}

function tokenAt(source: string, at: number): string | null {
  TOKEN.lastIndex = at;
  return TOKEN.exec(source)?.[0] ?? null;
}

/** Blanks and line ends before a token; it moves `open` on. */
function gapBefore(token: string, before: string, open: string[]): string {
  const depth = open.length;
  if (token in CLOSES) open.push(token);
  if (isClose(token)) open.pop();
  if (before === '' || CLOSES[before] === token || token === ',' || token === ':') return '';
  if (before === ':') return ' ';
  return `\n${'  '.repeat(Math.min(isClose(token) ? depth - 1 : depth, MAX_INDENT))}`;
}

const isClose = (token: string): boolean => token === '}' || token === ']';

/** Enough of the grammar to tell JSON from what is none: values, commas and colons take turns, brackets match. */
function mayFollow(before: string, token: string, open: readonly string[]): boolean {
  const inside = open.at(-1);
  const isBegin = before === '' || before in CLOSES;
  const wantsValue = isBegin || before === ',' || before === ':';
  if (isClose(token)) return inside !== undefined && CLOSES[inside] === token && (isBegin || !wantsValue);
  if (token === ',') return !wantsValue && inside !== undefined;
  if (token === ':') return inside === '{' && before.startsWith('"');
  return wantsValue;
}

/** What could go on to be a string, a number or a word. */
function isHalfToken(rest: string): boolean {
  return /^(?:"|-?\d*(?:\.\d*)?(?:[eE][+-]?)?$|t|f|n)/.test(rest);
}
