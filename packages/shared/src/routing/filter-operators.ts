import { suggest } from '../config/suggest.ts';
import { isObject, type JsonObject } from '../providers/body/json-body.ts';
import {
  allOf,
  childOf,
  type Compilation,
  deeper,
  enter,
  type Matcher,
  MAX_DEPTH,
  type Part,
  refuse,
} from './filter-compilation.ts';
import { anyAt, type Test } from './filter-look.ts';
import { compileSearch } from './filter-search.ts';
import { compare, isEqual, isPlainValue, isScalar, kindOf, kinds, setKey } from './filter-values.ts';

const MAX_LISTED_VALUES = 1_000;

/** Where operators look: the steps from a value, and whether a list there is looked at element by element too. */
export interface Place {
  readonly steps: readonly string[];
  readonly elements: boolean;
}

/** One operator with its operand. */
interface Operation extends Part {
  readonly place: Place;
  /** The map that the operator stands in. */
  readonly siblings: JsonObject;
}

type Operator = (operation: Operation, compilation: OperatorCompilation) => Matcher<unknown>;

export interface OperatorCompilation extends Compilation {
  /** Compiles a map of paths, which begin in an element of a list. */
  readonly compileElement: (part: Part) => Matcher<unknown>;
}

const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['$eq', equals],
  ['$ne', negated(equals)],
  ['$gt', ordered(order => order > 0)],
  ['$gte', ordered(order => order >= 0)],
  ['$lt', ordered(order => order < 0)],
  ['$lte', ordered(order => order <= 0)],
  ['$in', oneOf],
  ['$nin', negated(oneOf)],
  ['$exists', exists],
  ['$type', ofKind],
  ['$regex', search],
  ['$options', options],
  ['$startsWith', text((value, start) => value.startsWith(start))],
  ['$endsWith', text((value, end) => value.endsWith(end))],
  ['$all', containsAll],
  ['$size', ofSize],
  ['$elemMatch', elementMatch],
  ['$not', not],
]);

/** A map in which every key is an operator: all of them must hold. */
export function compileOperators(
  part: Part,
  place: Place,
  compilation: OperatorCompilation,
): Matcher<unknown> {
  const siblings = isObject(part.given) ? part.given : {};
  const matchers = Object.entries(siblings).map(([key, given]) => {
    const operator = operators.get(key);
    const operation = { ...childOf(part, key, given), place, siblings };
    if (operator === undefined) return refuse(compilation, operation, unknownOperator(key), 'key');
    return enter(compilation, operation) ? operator(operation, compilation) : () => false;
  });
  return allOf(matchers);
}

function unknownOperator(key: string): string {
  const known = [...operators.keys()];
  if (!key.startsWith('$')) return 'stands beside operators: a map has either operators or paths';
  const close = suggest(key, known);
  return `is no operator here; ${close === null ? `known: ${known.join(', ')}` : `did you mean "${close}"?`}`;
}

/** Any value at the place passes. */
function anyValue({ steps, elements }: Place, test: Test): Matcher<unknown> {
  const look = { steps, elements, test };
  return value => anyAt(look, value);
}

/** What stands at the place as a whole passes. */
function wholeValue({ steps }: Place, test: Test): Matcher<unknown> {
  return anyValue({ steps, elements: false }, test);
}

function negated(operator: Operator): Operator {
  return (operation, compilation) => {
    const matcher = operator(operation, compilation);
    return value => !matcher(value);
  };
}

function equals(operation: Operation, compilation: OperatorCompilation): Matcher<unknown> {
  const { given, place } = operation;
  if (isScalar(given)) {
    const wanted = setKey(given);
    return anyValue(place, value => setKey(value) === wanted);
  }
  if (isPlainValue(given, MAX_DEPTH)) return anyValue(place, value => isEqual(given, value));
  return refuse(compilation, operation, 'must be a value that JSON has, not nested too deeply');
}

function ordered(holds: (order: number) => boolean): Operator {
  return (operation, compilation) => {
    const { given, place } = operation;
    if (!isScalar(given) || typeof given === 'boolean' || given === null) {
      return refuse(compilation, operation, 'must be a number or a text');
    }
    return anyValue(place, value => {
      const order = compare(value, given);
      return order !== null && holds(order);
    });
  };
}

function oneOf(operation: Operation, compilation: OperatorCompilation): Matcher<unknown> {
  const values = scalarList(operation);
  if (values === null) return refuse(compilation, operation, SCALAR_LIST_RULE);
  const wanted = new Set(values.map(setKey));
  return anyValue(operation.place, value => wanted.has(setKey(value)));
}

const SCALAR_LIST_RULE = `must be a list of 1 to ${MAX_LISTED_VALUES} texts, numbers, true, false or null`;

function scalarList({ given }: Part): readonly unknown[] | null {
  const isList = Array.isArray(given) && given.length >= 1 && given.length <= MAX_LISTED_VALUES;
  return isList && given.every(isScalar) ? given : null;
}

function exists(operation: Operation, compilation: OperatorCompilation): Matcher<unknown> {
  const { given, place } = operation;
  if (typeof given !== 'boolean') return refuse(compilation, operation, 'must be true or false');
  const found = wholeValue(place, value => value !== undefined);
  return given ? found : value => !found(value);
}

function ofKind(operation: Operation, compilation: OperatorCompilation): Matcher<unknown> {
  const { given, place } = operation;
  const wanted: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (wanted.length === 0 || !wanted.every(kind => typeof kind === 'string' && kinds.includes(kind))) {
    return refuse(compilation, operation, `must be ${kinds.join(', ')}, or a list of these`);
  }
  return anyValue(place, value => wanted.includes(kindOf(value)));
}

function search(operation: Operation, compilation: OperatorCompilation): Matcher<unknown> {
  const { given, place, siblings } = operation;
  if (typeof given !== 'string' || given === '') return refuse(compilation, operation, TEXT_RULE);
  const ignoreCase = siblings['$options'] === 'i';
  const compiled = compileSearch(given, { ignoreCase, budget: compilation.budget });
  if ('problem' in compiled) return refuse(compilation, operation, compiled.problem);
  return anyValue(place, compiled.test);
}

const TEXT_RULE = 'must be a text that is not empty';

/** Checked here, read by `search`. */
function options(operation: Operation, compilation: OperatorCompilation): Matcher<unknown> {
  if (!Object.hasOwn(operation.siblings, '$regex')) {
    return refuse(compilation, operation, 'belongs to a $regex beside it', 'key');
  }
  if (operation.given !== 'i')
    return refuse(compilation, operation, 'must be i (upper and lower case alike)');
  return () => true;
}

function text(holds: (value: string, wanted: string) => boolean): Operator {
  return (operation, compilation) => {
    const { given, place } = operation;
    if (typeof given !== 'string' || given === '') return refuse(compilation, operation, TEXT_RULE);
    return anyValue(place, value => typeof value === 'string' && holds(value, given));
  };
}

function containsAll(operation: Operation, compilation: OperatorCompilation): Matcher<unknown> {
  const values = scalarList(operation);
  if (values === null) return refuse(compilation, operation, SCALAR_LIST_RULE);
  return allOf(
    values.map((given, index) => {
      const item = { ...childOf(operation, index, given), place: operation.place, siblings: {} };
      return enter(compilation, item) ? equals(item, compilation) : () => false;
    }),
  );
}

function ofSize(operation: Operation, compilation: OperatorCompilation): Matcher<unknown> {
  const { given, place } = operation;
  if (typeof given !== 'number' || !Number.isSafeInteger(given) || given < 0) {
    return refuse(compilation, operation, 'must be a whole number from 0 on');
  }
  return wholeValue(place, value => Array.isArray(value) && value.length === given);
}

/** Of operators: an element itself passes all. Of paths: an element that is a map does. */
function elementMatch(operation: Operation, compilation: OperatorCompilation): Matcher<unknown> {
  const { given, place } = operation;
  if (!isObject(given) || Object.keys(given).length === 0) {
    return refuse(compilation, operation, 'must be a map of operators or paths');
  }
  const passes = operators.has(Object.keys(given)[0] ?? '')
    ? compileOperators(deeper(operation), { steps: [], elements: false }, compilation)
    : onMaps(compilation.compileElement(deeper(operation)));
  return wholeValue(place, value => Array.isArray(value) && value.some(passes));
}

function onMaps(matcher: Matcher<unknown>): Matcher<unknown> {
  return element => isObject(element) && matcher(element);
}

function not(operation: Operation, compilation: OperatorCompilation): Matcher<unknown> {
  const { given, place } = operation;
  if (!isObject(given) || Object.keys(given).length === 0) {
    return refuse(compilation, operation, 'must be a map of operators; for another value write $ne');
  }
  const matcher = compileOperators(deeper(operation), place, compilation);
  return value => !matcher(value);
}
