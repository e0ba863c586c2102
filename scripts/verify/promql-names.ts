// What an expression of PromQL asks for, by name. No parser of the language (promtool is one): it reads the words and the
// braces, and refuses what it does not understand, so that nothing goes past it unseen.

/** `metric{label="…"}`. */
export interface Selector {
  readonly metric: string;
  readonly labels: readonly string[];
}

export interface PromqlNames {
  readonly selectors: readonly Selector[];
  /** Of `by`, `without`, `on`, `ignoring`, `group_left` and `group_right`. */
  readonly groupings: readonly string[];
}

/** A string, a range or a step, a variable of a dashboard, a number or a duration, a word, an operator. */
const TOKEN =
  /\s+|#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\[[^\]]*\]|\$\w+|\$\{\w+\}|\d+(?:\.\d+)?(?:e[+-]?\d+|(?:ms|[smhdwy]))*|[a-zA-Z_:][\w:]*|[=!]~|[=!<>]=|[-+*/%^=<>(){},@]/gy;
const WORD = /^[a-zA-Z_:][\w:]*$/;
const GROUPING = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);
const OPERATORS = new Set(['and', 'or', 'unless', 'bool', 'offset', 'atan2', 'inf', 'nan']);

/** Throws a sentence where it meets what it does not understand. */
export function promqlNames(expression: string): PromqlNames {
  const reader = new TokenReader(tokensOf(expression));
  const selectors: Selector[] = [];
  const groupings: string[] = [];
  for (let token = reader.take(); token !== null; token = reader.take()) {
    if (token === '{') throw new Error('a selector without the name of a metric');
    if (!WORD.test(token)) continue;
    const word = token.toLowerCase();
    if (GROUPING.has(word)) groupings.push(...reader.listBehind());
    else if (OPERATORS.has(word) || reader.next() === '(' || GROUPING.has(reader.next() ?? '')) continue;
    else selectors.push({ metric: token, labels: reader.matchersBehind() });
  }
  return { selectors, groupings };
}

function tokensOf(expression: string): readonly string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < expression.length) {
    const at = TOKEN.lastIndex;
    const [token] = TOKEN.exec(expression) ?? [];
    if (token === undefined) throw new Error(`not understood: ${expression.slice(at, at + 40)}`);
    if (!/^[\s#]/.test(token)) tokens.push(token);
  }
  return tokens;
}

class TokenReader {
  private at = 0;
  private readonly tokens: readonly string[];

  constructor(tokens: readonly string[]) {
    this.tokens = tokens;
  }

  next(): string | null {
    return this.tokens[this.at] ?? null;
  }

  take(): string | null {
    const token = this.next();
    this.at += 1;
    return token;
  }

  /** `(a, b)`, or nothing: group_left may stand alone. */
  listBehind(): string[] {
    if (this.next() !== '(') return [];
    return this.until(')').filter(token => WORD.test(token));
  }

  /** The labels of `{a="x", b!~"y"}`, or nothing. */
  matchersBehind(): string[] {
    if (this.next() !== '{') return [];
    return this.until('}').filter(token => WORD.test(token));
  }

  private until(end: string): string[] {
    const tokens: string[] = [];
    for (let token = this.take(); token !== end; token = this.take()) {
      if (token === null) throw new Error(`a ${end} is missing`);
      tokens.push(token);
    }
    return tokens;
  }
}
