/** The value, when it is a whole number in [min, max]; else a RangeError that names the option and the interval. */
export function integerIn(
  name: string,
  value: number,
  [min, max]: readonly [min: number, max: number],
): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`${name} should be an integer in [${min}, ${max}], got ${value}`);
}
