import type { AttemptResult } from '../../../src/delivery/outcomes/outcome.ts';
import type { Attempt, World } from './world.ts';

/** What an event does to its receivers: a sick one fails mostly, a deadly one takes down each process that sends it. */
export type Mood = 'fine' | 'sick' | 'deadly';

const OK = { kind: 'response', status: 200, retryAfterMs: null, excerpt: null } as const;
const FAILS = { fine: 0.25, sick: 0.85, deadly: 0 } as const;

export const bodyOf = (n: number, mood: Mood): string => JSON.stringify({ n, mood });

const moodOf = ({ body }: Pick<Attempt, 'body'>): Mood => (JSON.parse(body) as { mood: Mood }).mood;

export const isDeadly = (attempt: Pick<Attempt, 'body'>): boolean => moodOf(attempt) === 'deadly';

export function answerOf(world: World, attempt: Attempt): AttemptResult {
  if (world.healed || !world.chance(FAILS[moodOf(attempt)])) return OK;
  const failures: readonly AttemptResult[] = [
    { ...OK, status: 500 },
    { ...OK, status: 500 },
    { ...OK, status: 404 },
    { ...OK, status: 429, retryAfterMs: 60_000 },
    { kind: 'error', errorClass: 'timeout' },
    { kind: 'error', errorClass: 'connect' },
    ...(world.chance(0.2) ? [{ ...OK, status: 410 }] : []),
  ];
  return world.pick(failures) ?? OK;
}
