import type { Provider } from '../provider.ts';
import { providers } from '../providers/registry.ts';

const MIB = 1_048_576;
const USUAL_TOLERANCE_MS = 300_000;

/** What differs between providers, in the words of the descriptions of `sources`: `25MiB for github and gitlab, 4MiB for slack`. */
export function maxBodyText(): string {
  return groupsText(
    ({ maxBodyBytes }) => maxBodyBytes,
    bytes => `${bytes / MIB}MiB`,
  );
}

export function toleranceText(): string {
  const otherMs = ({ toleranceMs }: Provider) =>
    toleranceMs === null || toleranceMs === USUAL_TOLERANCE_MS ? undefined : toleranceMs;
  return groupsText(otherMs, durationText);
}

/** Which of both an event over a limit meets, where the source does not say. */
export function overLimitText(): string {
  const rejecting = [...providers.values()].filter(({ overLimit }) => overLimit === 'reject');
  return `reject for ${namesText(rejecting)}; defer for the others, which lose or delay what is refused`;
}

export function durationText(ms: number): string {
  if (ms > 86_400_000) return `${ms / 86_400_000} days`;
  return ms > 60_000 ? `${ms / 60_000} minutes` : `${ms / 1_000} seconds`;
}

/** The largest first; those without a value are left out. */
function groupsText(
  valueOf: (provider: Provider) => number | undefined,
  text: (value: number) => string,
): string {
  const groups = Map.groupBy(providers.values(), provider => valueOf(provider) ?? 0);
  groups.delete(0);
  return [...groups]
    .toSorted(([a], [b]) => b - a)
    .map(([value, group]) => `${text(value)} for ${namesText(group)}`)
    .join(', ');
}

function namesText(group: readonly Provider[]): string {
  const names = group.map(({ name }) => name);
  const last = names.pop() ?? '';
  return names.length === 0 ? last : `${names.join(', ')} and ${last}`;
}
