import { createRequire } from 'node:module';
import type { RE2JS } from 're2js';
import type { Test } from './filter-look.ts';

/** Longer texts never match a $regex: the longest chat message of our providers has under 5,000 characters. */
const MAX_TEXT_LENGTH = 16_384;
/** Of all texts that one filter searches in one event, however many there are. */
const MAX_SEARCHED_LENGTH = 4 * MAX_TEXT_LENGTH;
const MAX_PATTERN_LENGTH = 1_000;
/** Steps that the pattern comes to: a text costs this times its length at worst, some 0.15 s at both limits. */
const MAX_PROGRAM_SIZE = 200;
const MAX_SHOWN_REASON_LENGTH = 100;

/** What the searches of one filter may still look at in one event. A filter runs without a pause, so one counter does. */
export interface SearchBudget {
  left: number;
}

export function refill(budget: SearchBudget): void {
  budget.left = MAX_SEARCHED_LENGTH;
}

const require = createRequire(import.meta.url);

/** Loaded with the first $regex: most files have none, and an ingress should not carry 6 MB for it. */
function loadEngine(): typeof RE2JS {
  return (require('re2js') as { readonly RE2JS: typeof RE2JS }).RE2JS;
}

export type CompiledSearch = { readonly test: Test } | { readonly problem: string };

/**
 * A regular expression that takes time linear in the text, whatever the pattern (RE2: no look-around, no back-references): a
 * sender must not be able to hold up the process with a text (F1). See docs/decisions/0011-filters.md.
 */
export function compileSearch(
  pattern: string,
  { ignoreCase, budget }: { readonly ignoreCase: boolean; readonly budget: SearchBudget },
): CompiledSearch {
  if (pattern.length > MAX_PATTERN_LENGTH) {
    return { problem: `must have ${MAX_PATTERN_LENGTH} characters at most` };
  }
  const engine = loadEngine();
  let regex: RE2JS;
  try {
    regex = engine.compile(pattern, ignoreCase ? engine.CASE_INSENSITIVE : 0);
  } catch (error) {
    return { problem: `is no regular expression of RE2: ${reasonOf(error)}` };
  }
  if (regex.programSize() > MAX_PROGRAM_SIZE) {
    return {
      problem: 'is too large a regular expression: repeat less, or use $startsWith, $endsWith or $in',
    };
  }
  return { test: value => isWithin(value, budget) && regex.test(value) };
}

function isWithin(value: unknown, budget: SearchBudget): value is string {
  if (typeof value !== 'string' || value.length > MAX_TEXT_LENGTH || value.length > budget.left) return false;
  budget.left -= value.length;
  return true;
}

function reasonOf(error: unknown): string {
  const reason = error instanceof Error ? error.message : 'unknown';
  return reason.replace(/^error parsing regexp: /, '').slice(0, MAX_SHOWN_REASON_LENGTH);
}
