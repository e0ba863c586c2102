import { suggest } from '../config/suggest.ts';
import { isObject } from '../providers/body/json-body.ts';
import {
  allOf,
  childOf,
  deeper,
  enter,
  type FilterProblem,
  type Matcher,
  type Part,
  refuse,
} from './filter-compilation.ts';
import type { FilterDocument } from './filter-document.ts';
import { compileOperators, type OperatorCompilation } from './filter-operators.ts';
import { refill, type SearchBudget } from './filter-search.ts';
import { isScalar } from './filter-values.ts';

// Filters of routes, in the form that MongoDB's queries have: a map of paths, each with a value or a map of operators.
//
// F1. A filter never throws, whatever the event holds, and takes time that its own size and the event's bound.
// F2. A filter that could only be a mistake is refused when it is compiled, with its place: it would silently take nothing,
//     or everything.
// F3. Nothing but own members is seen, and nothing of a filter is ever executed as code.

/** More steps than any provider's JSON has levels. */
const MAX_STEPS = 20;

/** Whether the event passes. */
export type CompiledFilter = Matcher<FilterDocument>;

/** All mistakes at once. Pure. */
export function compileFilter(
  where: unknown,
): { readonly filter: CompiledFilter } | { readonly problems: readonly FilterProblem[] } {
  const budget: SearchBudget = { left: 0 };
  const compilation: OperatorCompilation = {
    problems: [],
    budget,
    nodes: 0,
    compileElement: part => compileConditions(part, elementScope, compilation),
  };
  const matcher = compileConditions({ given: where, path: [], depth: 1 }, eventScope, compilation);
  if (compilation.problems.length > 0) return { problems: compilation.problems };
  return {
    filter(document) {
      refill(budget);
      return matcher(document);
    },
  };
}

/** What paths begin in. */
interface Scope<Subject> {
  /** How to get at the value that the path begins in, and the steps from there; or what is wrong with the path. */
  locate(key: string): Located<Subject> | { readonly problem: string };
}

interface Located<Subject> {
  readonly root: (subject: Subject) => unknown;
  readonly steps: readonly string[];
}

/** A map of paths and of $and, $or, $nor: all of it must hold. */
function compileConditions<Subject>(
  part: Part,
  scope: Scope<Subject>,
  compilation: OperatorCompilation,
): Matcher<Subject> {
  const { given } = part;
  if (!isObject(given)) return refuse(compilation, part, 'must be a map of conditions');
  const entries = Object.entries(given);
  if (entries.length === 0) return refuse(compilation, part, 'must hold one condition at least');
  if (!enter(compilation, part)) return () => false;
  return allOf(
    entries.map(([key, value]) => {
      const child = childOf(part, key, value);
      const combine = combinations.get(key);
      if (combine !== undefined) return compileCombination(child, { combine, scope }, compilation);
      if (key.startsWith('$')) return refuse(compilation, child, misplacedOperator(key), 'key');
      const located = scope.locate(key);
      if ('problem' in located) return refuse(compilation, child, located.problem, 'key');
      const { root, steps } = located;
      const condition = compileCondition(child, steps, compilation);
      return subject => condition(root(subject));
    }),
  );
}

type Combine = <Subject>(matchers: readonly Matcher<Subject>[]) => Matcher<Subject>;

const combinations: ReadonlyMap<string, Combine> = new Map<string, Combine>([
  ['$and', allOf],
  ['$or', matchers => subject => matchers.some(matcher => matcher(subject))],
  ['$nor', matchers => subject => !matchers.some(matcher => matcher(subject))],
]);

function compileCombination<Subject>(
  part: Part,
  { combine, scope }: { readonly combine: Combine; readonly scope: Scope<Subject> },
  compilation: OperatorCompilation,
): Matcher<Subject> {
  const { given } = part;
  if (!Array.isArray(given) || given.length === 0) {
    return refuse(compilation, part, 'must be a list of maps of conditions');
  }
  const list: readonly unknown[] = given;
  return combine(
    list.map((item, index) => compileConditions(deeper(childOf(part, index, item)), scope, compilation)),
  );
}

function misplacedOperator(key: string): string {
  const close = suggest(key, [...combinations.keys()]);
  return close === null
    ? 'does not stand here: operators stand below a path; here $and, $or and $nor are known'
    : `is not known; did you mean "${close}"?`;
}

/** What is asked of one path. */
function compileCondition(
  part: Part,
  steps: readonly string[],
  compilation: OperatorCompilation,
): Matcher<unknown> {
  const { given } = part;
  const place = { steps, elements: true };
  if (isScalar(given)) {
    return compileOperators({ ...part, given: { $eq: given } }, place, compilation);
  }
  if (Array.isArray(given)) {
    return refuse(compilation, part, 'must be a value or operators: for one of several values write $in');
  }
  if (!isObject(given) || Object.keys(given).length === 0) {
    return refuse(compilation, part, 'must be a text, a number, true, false, null or a map of operators');
  }
  const [name = ''] = Object.keys(given);
  if (!Object.keys(given).some(key => key.startsWith('$'))) {
    const path = [...part.path, name].join('.');
    const message = `must be a value or operators: for a member write its whole path, such as "${path}"`;
    return refuse(compilation, part, message.slice(0, MAX_MESSAGE_LENGTH));
  }
  return compileOperators(part, place, compilation);
}

const MAX_MESSAGE_LENGTH = 200;

const elementScope: Scope<unknown> = {
  locate(key) {
    const steps = key.split('.');
    return stepsProblem(steps) ?? { root: element => element, steps };
  },
};

const FIELDS = ['type', 'tenant', 'source', 'provider'] as const;
const ROOTS_RULE = 'must begin with body or headers, or be type, tenant, source or provider';

const eventScope: Scope<FilterDocument> = {
  locate(key) {
    const [root = '', ...steps] = key.split('.');
    if (root === 'headers') return locateHeader(key.slice(root.length + 1));
    if (root === 'body') return stepsProblem(steps) ?? { root: ({ body }) => body, steps };
    const field = FIELDS.find(name => name === root);
    if (field === undefined) return { problem: `${ROOTS_RULE}; ${rootHint(key, root)}` };
    return steps.length > 0
      ? { problem: `${field} is a text and has no members` }
      : { root: document => document[field], steps };
  },
};

/** A header's name may hold dots, and a header has no members: all that follows is its name. */
function locateHeader(name: string): Located<FilterDocument> | { readonly problem: string } {
  const lowerName = name.toLowerCase();
  if (name === '') return { problem: 'must name a header, such as headers.content-type' };
  return { root: document => document.header(lowerName), steps: [] };
}

function rootHint(key: string, root: string): string {
  const close = suggest(root, ['body', 'headers', ...FIELDS]);
  const meant = close === null ? `body.${key}` : close + key.slice(root.length);
  return `did you mean "${meant.slice(0, MAX_SHOWN_PATH_LENGTH)}"?`;
}

const MAX_SHOWN_PATH_LENGTH = 60;

function stepsProblem(steps: readonly string[]): { readonly problem: string } | null {
  if (steps.length > MAX_STEPS) return { problem: `has over ${MAX_STEPS} steps` };
  if (steps.includes('')) return { problem: 'has an empty step: two dots in a row, or one at an end' };
  if (steps.some(step => step.startsWith('$')))
    return { problem: 'has a step with "$": operators stand in a map below a path' };
  return null;
}
