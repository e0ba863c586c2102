import { extname } from 'node:path';
import { parse, type ParserOptions } from '@babel/parser';
import traverse, { type NodePath } from '@babel/traverse';
import type * as t from '@babel/types';

/** A text as it was read. */
export interface SourceText {
  /** Absolute, with slashes. */
  readonly path: string;
  readonly text: string;
}

export interface SourceModule {
  readonly path: string;
  readonly program: NodePath<t.Program>;
  /** All nodes of this type, in the order of the text: found once, since a walk costs more than all that is asked on it. */
  all<T extends t.Node['type']>(type: T): readonly NodePath<Extract<t.Node, { type: T }>>[];
  /** Ids of findings that a comment accepts, by the line that it is about. */
  readonly accepted: ReadonlyMap<number, ReadonlySet<string>>;
}

export interface SyntaxProblem {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export type ParsedModule =
  | { readonly kind: 'module'; readonly module: SourceModule }
  | { readonly kind: 'problem'; readonly problem: SyntaxProblem };

/** `// ackline-accept source-blocking-io: read once a day` on the line, or on one of its own above it. */
const ACCEPTED = /\backline-accept\s+((?:[a-z]+-[a-z-]+[,\s]*)+)/;
/** Names of types, signatures and the like come from a typical line; a longer message quotes the source. */
const MAX_MESSAGE_CHARS = 200;

/** Reads JavaScript or TypeScript as far as its names are resolved. Never throws for what the text holds. */
export function parseModule({ path, text }: SourceText): ParsedModule {
  try {
    // A mark of the byte order may stand before `#!`, where the parser knows only the latter.
    const ast = parse(text.replace(/^\uFEFF/, ''), optionsFor(path));
    return { kind: 'module', module: { path, ...walk(ast), accepted: acceptedLines(ast, text) } };
  } catch (error) {
    return { kind: 'problem', problem: { path, ...describe(error) } };
  }
}

function optionsFor(path: string): ParserOptions {
  const extension = extname(path);
  const isTypeScript = /^\.[cm]?tsx?$/.test(extension);
  const hasJsx = extension === '.tsx' || !isTypeScript;
  return {
    sourceType: /^\.m[jt]s$/.test(extension) ? 'module' : 'unambiguous',
    allowReturnOutsideFunction: true,
    allowAwaitOutsideFunction: true,
    plugins: [
      'decorators',
      ...(isTypeScript ? (['typescript'] as const) : []),
      ...(hasJsx ? (['jsx'] as const) : []),
    ],
  };
}

function walk(ast: t.File): Pick<SourceModule, 'program' | 'all'> {
  const byType = new Map<string, NodePath[]>();
  traverse(ast, {
    enter(path) {
      const known = byType.get(path.type);
      if (known === undefined) byType.set(path.type, [path]);
      else known.push(path);
    },
  });
  const all: SourceModule['all'] = type => (byType.get(type) ?? []) as never;
  const [program] = all('Program');
  if (program === undefined) throw new SyntaxError('The file is no program');
  return { program, all };
}

function acceptedLines(ast: t.File, text: string): ReadonlyMap<number, ReadonlySet<string>> {
  const lines = text.split('\n');
  const accepted = new Map<number, ReadonlySet<string>>();
  for (const comment of ast.comments ?? []) {
    const ids = ACCEPTED.exec(comment.value)?.[1];
    if (ids === undefined || comment.loc === null || comment.loc === undefined) continue;
    const { start, end } = comment.loc;
    const standsAlone = (lines[start.line - 1] ?? '').slice(0, start.column).trim() === '';
    accepted.set(standsAlone ? end.line + 1 : start.line, new Set(ids.split(/[,\s]+/).filter(Boolean)));
  }
  return accepted;
}

function describe(error: unknown): Omit<SyntaxProblem, 'path'> {
  // The parser and the resolution of names recurse: text that is nested too deeply ends their stack.
  if (error instanceof RangeError) return { line: 1, column: 1, message: 'it is nested too deeply' };
  const { line, column } = placeOf(error);
  const text = error instanceof Error ? error.message : 'it can not be parsed';
  const message = text.replace(/\s*\(\d+:\d+\)$/, '').slice(0, MAX_MESSAGE_CHARS);
  return { line, column, message };
}

function placeOf(error: unknown): { line: number; column: number } {
  const loc: unknown = error instanceof Error && 'loc' in error ? error.loc : null;
  if (typeof loc !== 'object' || loc === null || !('line' in loc) || !('column' in loc)) {
    return { line: 1, column: 1 };
  }
  return { line: Number(loc.line), column: Number(loc.column) + 1 };
}
