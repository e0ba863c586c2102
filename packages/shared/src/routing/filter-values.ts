import { isObject } from '../providers/body/json-body.ts';

/** What a filter compares with, and what JSON has but lists and maps. */
export type Scalar = string | number | bigint | boolean | null;

export function isScalar(value: unknown): value is Scalar {
  return (
    value === null ||
    typeof value === 'string' ||
    typeof value === 'boolean' ||
    typeof value === 'bigint' ||
    (typeof value === 'number' && Number.isFinite(value))
  );
}

/** Whether it is of JSON's values, in `levels` levels of lists and maps at most. */
export function isPlainValue(value: unknown, levels: number): boolean {
  if (isScalar(value)) return true;
  if (levels === 0) return false;
  if (Array.isArray(value)) return value.every(item => isPlainValue(item, levels - 1));
  return isObject(value) && Object.values(value).every(item => isPlainValue(item, levels - 1));
}

/** Equal by value, in the manner of JSON: 1 and 1n are one number, members have no order. `null` equals what is missing. */
export function isEqual(wanted: unknown, value: unknown): boolean {
  if (isScalar(wanted)) return setKey(wanted) === setKey(value);
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(value) &&
      wanted.length === value.length &&
      wanted.every((item, index) => isEqual(item, value[index]))
    );
  }
  if (!isObject(wanted) || !isObject(value)) return false;
  const names = Object.keys(wanted);
  return (
    names.length === Object.keys(value).length &&
    names.every(name => Object.hasOwn(value, name) && isEqual(wanted[name], value[name]))
  );
}

/**
 * Equal scalars have the same key for `===` and for a Set. Integers are bigints only where a double does not hold them
 * exactly, on both sides; what is missing is null.
 */
export function setKey(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value))
    return BigInt(value);
  if (typeof value !== 'bigint') return value;
  const double = Number(value);
  return Number.isSafeInteger(double) ? double : value;
}

/** Less than 0, 0 or more; null where the two are not both texts or both numbers: what is of another kind has no order. */
export function compare(value: unknown, wanted: string | number | bigint): number | null {
  const isText = typeof wanted === 'string';
  if (isText ? typeof value !== 'string' : typeof value !== 'number' && typeof value !== 'bigint')
    return null;
  const comparable = value as string | number | bigint;
  if (comparable < wanted) return -1;
  return comparable > wanted ? 1 : 0;
}

const KINDS = ['string', 'number', 'bool', 'object', 'array', 'null'] as const;
export type Kind = (typeof KINDS)[number];
export const kinds: readonly string[] = KINDS;

/** The name that $type has for it; null for what is missing. */
export function kindOf(value: unknown): Kind | null {
  if (value === undefined) return null;
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'number' || typeof value === 'bigint' ? 'number' : 'object';
}
