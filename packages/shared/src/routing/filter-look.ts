import { isObject } from '../providers/body/json-body.ts';

/** Asked of one value; `undefined` stands for one that is missing. */
export type Test = (value: unknown) => boolean;

export interface Look {
  readonly steps: readonly string[];
  /** Whether a list at the end of the path is also looked at element by element. */
  readonly elements: boolean;
  readonly test: Test;
}

const INDEX = /^(?:0|[1-9]\d{0,8})$/;

/**
 * Whether any value at the path passes, as MongoDB looks for them: a list on the way is entered, so that one element is
 * enough. Sees own members only (F3): `__proto__` and `constructor` are names like any other. Recurses once a step (F1).
 */
export function anyAt(look: Look, value: unknown, from = 0): boolean {
  const step = look.steps[from];
  if (step === undefined) return anyOf(look, value);
  if (Array.isArray(value)) return anyInList(look, value, { step, from });
  if (!isObject(value) || !Object.hasOwn(value, step)) return look.test(undefined);
  return anyAt(look, value[step], from + 1);
}

function anyOf({ test, elements }: Look, value: unknown): boolean {
  return test(value) || (elements && Array.isArray(value) && value.some(test));
}

function anyInList(
  look: Look,
  list: readonly unknown[],
  { step, from }: { readonly step: string; readonly from: number },
): boolean {
  if (!INDEX.test(step)) return list.some(item => isObject(item) && anyAt(look, item, from));
  // An index, past the end too: then it is missing. Also the members of that name, but none is missing where it is an index.
  const isNamed = list.some(item => isObject(item) && Object.hasOwn(item, step) && anyAt(look, item, from));
  return isNamed || anyAt(look, list[Number(step)], from + 1);
}
