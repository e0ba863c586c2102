import type { OnceResult } from './once-service.ts';

/** What handlers asked of `ctx.once`, by destination and answer. */
export interface OnceTally {
  add(destination: string, result: OnceResult): void;
  of(destination: string, result: OnceResult): number;
}

export function createOnceTally(): OnceTally {
  const counts = new Map<string, number>();
  const nameOf = (destination: string, result: OnceResult) => `${destination} ${result}`;
  return {
    add(destination, result) {
      const name = nameOf(destination, result);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    },
    of: (destination, result) => counts.get(nameOf(destination, result)) ?? 0,
  };
}
