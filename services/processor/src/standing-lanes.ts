import type { StandingLane } from '@ackline/eventlog/lane-stillness';
import { readProcessorStates } from '@ackline/store/processors';
import type { Pool } from 'pg';

/** More than a topic has lanes: what was written elsewhere is bounded here too. */
const MAX_LANES = 1_000;

/**
 * What processors told of lanes that stand still, for the next one (the picture is in `@ackline/eventlog/lane-stillness`): of all that said
 * something within the hour, also of those that are gone; several may have said something of one lane.
 */
export async function readStandingLanes(pool: Pool): Promise<readonly StandingLane[]> {
  const states = await readProcessorStates(pool);
  return states.flatMap(({ state }) => standingLanesOf(state));
}

/** Of a processor's state (`describeProcessor`), maybe of another release: what has another form says nothing. */
export function standingLanesOf(state: Readonly<Record<string, unknown>>): readonly StandingLane[] {
  const standing = memberOf(memberOf(memberOf(state, 'intake'), 'inbox'), 'standing');
  if (!Array.isArray(standing)) return [];
  return standing.slice(0, MAX_LANES).flatMap((one: unknown) => standingLaneOf(one) ?? []);
}

function standingLaneOf(value: unknown): StandingLane | null {
  const [lane, stored, stillMs] = ['lane', 'stored', 'stillMs'].map(name => memberOf(value, name));
  if (typeof lane !== 'number' || typeof stillMs !== 'number' || !(stillMs >= 0)) return null;
  if (typeof stored !== 'string' || !/^\d{1,19}$/.test(stored)) return null;
  return { lane, stored: BigInt(stored), stillMs };
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
