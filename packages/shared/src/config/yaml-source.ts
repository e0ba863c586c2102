import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Pair,
  parseDocument,
  visit,
  type YAMLError,
  type YAMLMap,
} from 'yaml';

/** An alias may stand for a list of aliases: without a bound a small file grows to gigabytes. */
const MAX_ALIAS_COUNT = 100;
/** What a mistyped key looks like. Anything else may be a secret in the place of one: `secrets: [{ s3cr3t }]`. */
const LIKE_A_KEY = /^[A-Za-z_-]{1,30}$/;

export type ConfigPath = readonly (string | number)[];

/** One thing that is wrong. `offset` is its place in the text. */
export interface Problem {
  readonly offset: number;
  readonly path: ConfigPath;
  readonly message: string;
}

export interface YamlSource {
  /** The content as plain values; null when the text is no YAML. */
  readonly value: unknown;
  /** What is wrong with the text itself. */
  readonly problems: readonly Problem[];
  /** Nothing can be missing at its end: the last line has an end, or the document is one closed collection, as JSON is. */
  readonly isWhole: boolean;
  /** The node at the path, or the deepest one above it that exists; `key`: the key that the path ends in. */
  offsetOf(path: ConfigPath, part: 'key' | 'value'): number;
  positionOf(offset: number): { readonly line: number; readonly column: number };
}

/**
 * Parses one YAML document and remembers where everything stands. Integers beyond 2^53 are bigints. Never throws for what the
 * text holds.
 */
export function readYaml(text: string): YamlSource {
  const lines = new LineCounter();
  const positionOf = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
      intAsBigInt: true,
    });
    shortenIntegers(document);
    const syntax = firstProblem([...document.errors, ...document.warnings]);
    const unreadableFor = syntax === null ? unresolvedAliases(document) : [syntax];
    if (unreadableFor.length > 0) return unreadable(unreadableFor, positionOf);
    return {
      value: document.toJS({ maxAliasCount: MAX_ALIAS_COUNT }) as unknown,
      problems: duplicateKeys(document),
      isWhole: hasEnd(text, document),
      offsetOf: (path, part) => offsetOf(document, path, part),
      positionOf,
    };
  } catch (error) {
    // The stack of the parser ends at some depth, and `toJS` throws at too many aliases.
    const message =
      error instanceof RangeError ? 'is nested too deeply' : `repeats aliases over ${MAX_ALIAS_COUNT} times`;
    return unreadable([{ offset: 0, path: [], message }], positionOf);
  }
}

/** What is wrong with an empty text is that. */
function hasEnd(text: string, { contents }: Document.Parsed): boolean {
  return text === '' || text.endsWith('\n') || (isCollection(contents) && contents.flow === true);
}

/** Integers stay exact: those that a double holds are numbers, longer ones (64-bit ids) bigints. */
function shortenIntegers(document: Document.Parsed): void {
  visit(document, {
    Scalar(_, scalar) {
      if (typeof scalar.value !== 'bigint') return;
      const double = Number(scalar.value);
      if (Number.isSafeInteger(double)) scalar.value = double;
    },
  });
}

function unreadable(problems: readonly Problem[], positionOf: YamlSource['positionOf']): YamlSource {
  return { value: null, problems, isWhole: false, offsetOf: () => 0, positionOf };
}

/** What follows the first is most often what the parser makes of the rest because of it. */
function firstProblem(errors: readonly YAMLError[]): Problem | null {
  const [first] = errors.toSorted((a, b) => a.pos[0] - b.pos[0]);
  return first === undefined ? null : syntaxProblem(first);
}

/** The parser's own words may quote the text, and with it a secret; so only some are repeated. */
function syntaxProblem(error: YAMLError): Problem {
  const messages: Partial<Record<YAMLError['code'], string>> = syntaxMessages;
  return {
    offset: error.pos[0],
    path: [],
    message: messages[error.code] ?? `is no valid YAML (${error.code})`,
  };
}

/** The parser finds out at the end of a line that the next one does not go with it. */
const WRONG_INDENT = 'this line or the next is indented wrongly, or has no colon';

const syntaxMessages = {
  BAD_ALIAS: 'an alias (*name) needs an anchor (&name) above it',
  BAD_INDENT: 'the indentation does not fit the lines above',
  BLOCK_AS_IMPLICIT_KEY: WRONG_INDENT,
  MULTILINE_IMPLICIT_KEY: WRONG_INDENT,
  MISSING_CHAR: 'a quote, bracket, colon or space is missing here',
  RESOURCE_EXHAUSTION: 'is nested too deeply',
  MULTIPLE_DOCS: 'the file must hold one document: remove the "---"',
  TAB_AS_INDENT: 'tabs can not indent: use spaces',
  TAG_RESOLVE_FAILED: 'tags (!name) are not known here: remove it',
  UNEXPECTED_TOKEN: 'this does not belong here: check the indentation and the quotes',
} as const satisfies Partial<Record<YAMLError['code'], string>>;

/** The parser leaves these to `toJS`, which throws at the first and does not say where. */
function unresolvedAliases(document: Document.Parsed): Problem[] {
  const problems: Problem[] = [];
  const anchors = new Set<string>();
  visit(document, (_, node) => {
    if (isAlias(node)) {
      if (anchors.has(node.source)) return;
      problems.push({ offset: startOf(node) ?? 0, path: [], message: syntaxMessages.BAD_ALIAS });
    } else if (isNode(node) && node.anchor !== undefined) {
      anchors.add(node.anchor);
    }
  });
  return problems;
}

function duplicateKeys(document: Document.Parsed): Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Map(_, map, ancestors) {
      problems.push(...repeatedKeys(map, pathOf([...ancestors, map])));
    },
  });
  return problems;
}

function repeatedKeys(map: YAMLMap, path: ConfigPath): Problem[] {
  const seen = new Set<unknown>();
  return map.items.flatMap(pair => {
    const key = keyOf(pair);
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    const message = `the key${shownKey(String(key))} is there twice: remove one`;
    return [{ offset: startOf(pair.key) ?? 0, path, message }];
  });
}

/** ` "key"`, or nothing: its place is told anyway. */
export function shownKey(key: string): string {
  return LIKE_A_KEY.test(key) ? ` "${key}"` : '';
}

/** The path of the last of these nodes, each of which lies in the one before it. */
function pathOf(ancestors: readonly unknown[]): ConfigPath {
  const path: (string | number)[] = [];
  for (const [index, node] of ancestors.entries()) {
    const parent = ancestors[index - 1];
    if (isCollection(parent) && !isMap(parent)) path.push(parent.items.indexOf(node));
    else if (isMap(parent)) path.push(String(keyOf(node as Pair)));
  }
  return path;
}

function keyOf(pair: Pair): unknown {
  return isScalar(pair.key) ? pair.key.value : pair.key;
}

function offsetOf(document: Document.Parsed, path: ConfigPath, part: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [index, step] of path.entries()) {
    const child = childOf(isAlias(node) ? node.resolve(document) : node, step);
    const last = index === path.length - 1;
    // A key without a value has an empty node; its key is the better place to look at.
    const start = (last && part === 'key' ? null : startOf(child.value)) ?? startOf(child.key);
    if (start === null) return offset;
    offset = start;
    node = child.value;
  }
  return offset;
}

function childOf(node: unknown, step: string | number): { readonly key?: unknown; readonly value?: unknown } {
  if (isMap(node)) return node.items.find(item => String(keyOf(item)) === String(step)) ?? {};
  return isCollection(node) ? { value: node.items[Number(step)] } : {};
}

function startOf(node: unknown): number | null {
  return isNode(node) ? (node.range?.[0] ?? null) : null;
}
