import type { DestinationConfig, SecretRef } from './types.ts';

/** The headers of a destination whose values are secrets, by their names. */
export function secretHeaders(destination: DestinationConfig): [name: string, ref: SecretRef][] {
  if (destination.type !== 'http') return [];
  return Object.entries(destination.headers).flatMap(([name, value]): [string, SecretRef][] =>
    typeof value === 'string' ? [] : [[name, value]],
  );
}
