/** One line of the builder: a field of the event, compared with a value. */
export interface Condition {
  /** `body.message.text`, `headers.x-topic`. */
  readonly path: string;
  readonly operator: Operator;
  /** As it was typed: `5` is a number, `"5"` a text. */
  readonly value: string;
}

/** Those of routes that one line can say. */
export const OPERATORS = {
  $eq: 'is',
  $ne: 'is not',
  $gt: 'is over',
  $gte: 'is at least',
  $lt: 'is under',
  $lte: 'is at most',
  $startsWith: 'starts with',
  $regex: 'matches the pattern',
  $in: 'is one of',
  $exists: 'is there',
} as const;

export type Operator = keyof typeof OPERATORS;

/** The filter as the API takes it; null: no line is complete. Numbers stand in it as they were typed, however long. */
export function whereOf(conditions: readonly Condition[]): string | null {
  const parts = conditions
    .map(({ path, ...rest }) => ({ path: path.trim(), ...rest }))
    .filter(({ path, operator, value }) => path !== '' && (operator === '$exists' || value.trim() !== ''))
    .map(({ path, operator, value }) => `{${JSON.stringify(path)}:${comparison(operator, value.trim())}}`);
  if (parts.length === 0) return null;
  return parts.length === 1 ? (parts[0] ?? null) : `{"$and":[${parts.join(',')}]}`;
}

function comparison(operator: Operator, value: string): string {
  switch (operator) {
    case '$eq':
      return scalar(value);
    case '$exists':
      return `{"$exists":${value === 'false' ? 'false' : 'true'}}`;
    case '$in':
      return `{"$in":[${value
        .split(',')
        .map(one => scalar(one.trim()))
        .join(',')}]}`;
    case '$startsWith':
    case '$regex':
      return `{${JSON.stringify(operator)}:${JSON.stringify(unquoted(value))}}`;
    case '$ne':
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      return `{${JSON.stringify(operator)}:${scalar(value)}}`;
  }
}

const SCALAR = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;

/** What is JSON stays as it is, all else is a text. */
function scalar(value: string): string {
  return SCALAR.test(value) || isQuoted(value) ? value : JSON.stringify(value);
}

function isQuoted(value: string): boolean {
  try {
    return value.startsWith('"') && typeof JSON.parse(value) === 'string';
  } catch {
    return false;
  }
}

function unquoted(value: string): string {
  return isQuoted(value) ? String(JSON.parse(value)) : value;
}

/** The lines that say the same as a filter; null: the builder has no words for it, so it is shown as it is. */
export function conditionsOf(where: string | undefined): readonly Condition[] | null {
  if (where === undefined) return [];
  let filter: unknown;
  try {
    filter = JSON.parse(where, keepNumbers as (name: string, value: unknown) => unknown);
  } catch {
    return null;
  }
  return readFilter(filter);
}

/** A number as it stands in the text: a larger one would come out as another one. */
class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

function keepNumbers(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' ? new NumberText(context?.source ?? String(value)) : value;
}

function readFilter(filter: unknown): readonly Condition[] | null {
  if (!isObject(filter)) return null;
  const found: Condition[] = [];
  for (const [path, value] of Object.entries(filter)) {
    const some = path === '$and' ? readAll(value) : readPath(path, value);
    if (some === null) return null;
    found.push(...some);
  }
  return found;
}

function readAll(filters: unknown): readonly Condition[] | null {
  if (!Array.isArray(filters)) return null;
  const all = filters.map(readFilter);
  return all.some(one => one === null) ? null : all.flatMap(one => one ?? []);
}

function readPath(path: string, value: unknown): readonly Condition[] | null {
  if (path.startsWith('$')) return null;
  const operators = isObject(value) ? Object.entries(value) : [['$eq', value] as const];
  const found: Condition[] = [];
  for (const [operator, operand] of operators) {
    const text = typedOf(operator, operand);
    if (!isOperator(operator) || text === null) return null;
    found.push({ path, operator, value: text });
  }
  return found;
}

/** What somebody would have typed; null: it can't be typed. */
function typedOf(operator: string, operand: unknown): string | null {
  if (operand instanceof NumberText) return operand.text;
  if (typeof operand === 'boolean' || operand === null) return String(operand);
  if (typeof operand === 'string') {
    const isText = operator === '$startsWith' || operator === '$regex';
    return isText ? operand : typedText(operand);
  }
  if (operator !== '$in' || !Array.isArray(operand)) return null;
  const texts = operand.map(one => typedOf('$eq', one));
  // A comma within a text would part it.
  return texts.some(one => one === null || one.includes(',')) ? null : texts.join(', ');
}

function typedText(text: string): string {
  return SCALAR.test(text) || text.startsWith('"') || text.trim() !== text || text === ''
    ? JSON.stringify(text)
    : text;
}

function isOperator(name: string): name is Operator {
  return Object.hasOwn(OPERATORS, name);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberText)
  );
}
