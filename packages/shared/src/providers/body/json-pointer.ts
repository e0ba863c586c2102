import { isObject } from './json-body.ts';

/** The steps of a JSON pointer (RFC 6901) to a member; null where the text is none. */
export function pointerSteps(pointer: string): readonly string[] | null {
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) return null;
  return pointer
    .slice(1)
    .split('/')
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

const INDEX_FORM = /^(?:0|[1-9]\d{0,8})$/;

/** The value that the pointer names; undefined where a step is missing. Inherited names (`__proto__`, `constructor`) are not seen. */
export function valueAtPointer(value: unknown, steps: readonly string[]): unknown {
  let current = value;
  for (const step of steps) {
    if (Array.isArray(current))
      current = INDEX_FORM.test(step) ? (current[Number(step)] as unknown) : undefined;
    else if (isObject(current) && Object.hasOwn(current, step)) current = current[step];
    else return undefined;
  }
  return current;
}
