import type { SearchBudget } from './filter-search.ts';

/** Far over any filter that a person reads; each condition may look at all of a body. */
const MAX_NODES = 200;
/** Maps in maps: $and, $or, $nor, $not and $elemMatch. */
export const MAX_DEPTH = 10;

export type FilterPath = readonly (string | number)[];

export interface FilterProblem {
  /** From the filter's own map on. */
  readonly path: FilterPath;
  /** Which part of the entry at the path is wrong. */
  readonly at: 'key' | 'value';
  readonly message: string;
}

/** What one run of the compiler shares. */
export interface Compilation {
  readonly problems: FilterProblem[];
  readonly budget: SearchBudget;
  nodes: number;
}

/** A piece of the filter as it was written. */
export interface Part {
  readonly given: unknown;
  readonly path: FilterPath;
  readonly depth: number;
}

export type Matcher<Subject> = (subject: Subject) => boolean;

const never = (): boolean => false;

/** Notes what is wrong (F2); what stands in the place of the matcher is not used, since the filter is refused. */
export function refuse(
  { problems }: Compilation,
  { path }: Pick<Part, 'path'>,
  message: string,
  at: FilterProblem['at'] = 'value',
): Matcher<unknown> {
  problems.push({ path, at, message });
  return never;
}

/** Counts one more condition; false (and one problem) where there are too many, or too deep (F1). */
export function enter(compilation: Compilation, part: Part): boolean {
  compilation.nodes += 1;
  if (compilation.nodes === MAX_NODES + 1) {
    refuse(compilation, part, `is the ${MAX_NODES + 1}st condition: a filter has ${MAX_NODES} at most`);
  }
  if (part.depth > MAX_DEPTH) refuse(compilation, part, `is nested too deeply: ${MAX_DEPTH} levels at most`);
  return compilation.nodes <= MAX_NODES && part.depth <= MAX_DEPTH;
}

export function childOf(part: Part, step: string | number, given: unknown): Part {
  return { given, path: [...part.path, step], depth: part.depth };
}

export function deeper(part: Part): Part {
  return { ...part, depth: part.depth + 1 };
}

/** Whether all of them pass. */
export function allOf<Subject>(matchers: readonly Matcher<Subject>[]): Matcher<Subject> {
  const [only] = matchers;
  return matchers.length === 1 && only !== undefined
    ? only
    : subject => matchers.every(matcher => matcher(subject));
}
