import { hash } from 'node:crypto';

/** One layout and one way to write strings; the words follow "the body …". */
export interface JsonForm {
  readonly words: string;
  readonly text: string;
}

/**
 * Nothing of a JSON text is lost: white space, strings, punctuation, and runs of all else. A string needs no end, so that a text with
 * many beginnings is read once all the same.
 */
const TOKENS = /\s+|"(?:[^"\\]|\\.)*"?|[{}[\],:]|[^\s"{}[\],:]+/gs;
/** More of them take too long in one step; a body that somebody looks at by hand has fewer. */
const MAX_TOKENS = 2_000;
/** Deeper ones would be mostly white space once they are indented. */
const MAX_INDENTED_DEPTH = 64;
/** What is more white space than this was not written by a sender. */
const MAX_GROWTH = 4;

interface Layout {
  readonly words: string;
  readonly of: (tokens: readonly string[]) => string | null;
}

const LAYOUTS: readonly Layout[] = [
  { words: 'with its white space as it is', of: tokens => tokens.join('') },
  { words: 'without white space', of: tokens => visible(tokens).join('') },
  { words: 'indented by 2', of: tokens => indented(visible(tokens), '  ') },
  { words: 'with a space behind each comma and colon', of: tokens => spaced(visible(tokens)) },
  { words: 'indented by 4', of: tokens => indented(visible(tokens), '    ') },
];

interface Style {
  readonly words: string;
  /** Of a string's content, as JSON.stringify has written it. */
  readonly of: ((written: string) => string) | null;
}

/** As JSON.stringify, Python, PHP and Go or Rails write strings. */
const STYLES: readonly Style[] = [
  { words: '', of: null },
  { words: ', its strings without needless escapes', of: written => written },
  { words: ', its strings in ASCII', of: ascii },
  {
    words: ', its strings in ASCII with escaped slashes',
    of: written => ascii(written).replaceAll('/', '\\/'),
  },
  {
    words: ', its strings with escaped < > &',
    of: written => written.replace(/[<>&\u2028\u2029]/g, escaped),
  },
];

/**
 * The same JSON as other programs write it. Names keep their order and numbers their digits: what those were is not to be known.
 * None of a text with over 2,000 tokens: each form is one step, in which nothing else goes on.
 */
export function* jsonForms(text: string): Generator<JsonForm> {
  const tokens = tokensOf(text);
  if (tokens === null) return;
  const seen = new Set([digest(text)]);
  for (const style of STYLES) {
    const styled = restyled(tokens, style);
    if (styled === null || (style.of !== null && styled.every((token, at) => token === tokens[at]))) continue;
    for (const layout of LAYOUTS) {
      const written = layout.of(styled);
      if (written === null || seen.has(digest(written))) continue;
      seen.add(digest(written));
      yield { words: layout.words + style.words, text: written };
    }
  }
}

/** null: too many. */
function tokensOf(text: string): readonly string[] | null {
  const tokens: string[] = [];
  for (const [token] of text.matchAll(TOKENS)) {
    if (tokens.length === MAX_TOKENS) return null;
    tokens.push(token);
  }
  return tokens;
}

const digest = (text: string) => hash('sha256', text, 'base64');

/** null: no JSON. */
function restyled(tokens: readonly string[], { of }: Style): readonly string[] | null {
  if (of === null) return tokens;
  try {
    return tokens.map(token =>
      token.startsWith('"') ? of(JSON.stringify(JSON.parse(token) as string)) : token,
    );
  } catch {
    return null;
  }
}

function ascii(written: string): string {
  return written.replace(/[^ -~]/g, escaped);
}

/** Of a UTF-16 unit. */
function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function visible(tokens: readonly string[]): readonly string[] {
  return tokens.filter(token => !/^\s/.test(token));
}

function spaced(tokens: readonly string[]): string {
  return tokens.map(token => (token === ',' || token === ':' ? `${token} ` : token)).join('');
}

function indented(tokens: readonly string[], step: string): string | null {
  const most = MAX_GROWTH * tokens.reduce((sum, token) => sum + token.length + 1, 0);
  const pieces: string[] = [];
  let depth = 0;
  let length = 0;
  const put = (piece: string) => {
    pieces.push(piece);
    length += piece.length;
  };
  for (const [at, token] of tokens.entries()) {
    const isFirst = isOpening(tokens[at - 1]);
    if (isClosing(token)) depth = Math.max(0, depth - 1);
    if (isFirst !== isClosing(token)) put(`\n${step.repeat(depth)}`); // not in what is empty
    put(token === ':' ? ': ' : token);
    if (token === ',') put(`\n${step.repeat(depth)}`);
    if (isOpening(token)) depth += 1;
    if (depth > MAX_INDENTED_DEPTH || length > most) return null;
  }
  return pieces.join('');
}

const isOpening = (token: string | undefined) => token === '{' || token === '[';
const isClosing = (token: string) => token === '}' || token === ']';
