import { shownAddress } from '@ackline/shared/config/destination-address';
import type { AcklineConfig } from '@ackline/shared/config/types';
import type { Pool } from 'pg';
import { type DestinationState, readDestinationStates, shownStatus } from './destination-states.ts';
import { listDestinationsWithWork, listPausedDestinations, type PausedDestination } from './destinations.ts';
import { type HandlerRow, handlerRows } from './handler-rows.ts';
import { readProcessorStates } from './processors.ts';

export interface DestinationRow {
  readonly name: string;
  /** null: the configuration does not have it any more. */
  readonly url: string | null;
  readonly paused: boolean;
  readonly reason: string | null;
  readonly pausedAt: string | null;
  /** Over all processors; recovering: it closed, and is in slow start. */
  readonly breaker: 'closed' | 'open' | 'half open' | 'recovering';
  /** null: not open. 0: whoever has work for it makes one now, and until then it is half open. */
  readonly probeInMs: number | null;
  /** null: it is none, or no processor has said anything of it. */
  readonly handler: HandlerRow | null;
}

interface KnownOfDestinations {
  readonly paused: readonly PausedDestination[];
  readonly states: readonly DestinationState[];
  readonly withWork: readonly string[];
  /** By the names of their destinations. */
  readonly handlers: ReadonlyMap<string, HandlerRow>;
}

/** The destinations of the configuration, then those that are not in it: paused, or with deliveries that are due. */
export function describeDestinations(
  config: Pick<AcklineConfig, 'destinations'>,
  { paused, states, withWork, handlers }: KnownOfDestinations,
): readonly DestinationRow[] {
  const pauses = new Map(paused.map(pause => [pause.name, pause]));
  const configs = new Map(config.destinations.map(destination => [destination.name, destination]));
  const byName = new Map(states.map(state => [state.name, state]));
  return [...new Set([...configs.keys(), ...pauses.keys(), ...withWork])].map(name => {
    const pause = pauses.get(name);
    const configured = configs.get(name);
    return {
      name,
      url: configured === undefined ? null : shownAddress(configured),
      paused: pause !== undefined,
      reason: pause?.reason ?? null,
      pausedAt: pause?.pausedAt.toISOString() ?? null,
      ...describeBreaker(byName.get(name), configured?.breaker.slowStartMs ?? 0),
      handler: configured?.type === 'handler' ? (handlers.get(name) ?? null) : null,
    };
  });
}

function describeBreaker(
  state: DestinationState | undefined,
  slowStartMs: number,
): Pick<DestinationRow, 'breaker' | 'probeInMs'> {
  if (state === undefined) return { breaker: 'closed', probeInMs: null };
  const { reopensInMs, closedForMs } = state;
  const status = shownStatus(state);
  const isRecovering = status === 'CLOSED' && closedForMs !== null && closedForMs < slowStartMs;
  return {
    breaker: isRecovering ? 'recovering' : BREAKER[status],
    probeInMs: reopensInMs === null ? null : Math.max(0, Math.round(reopensInMs)),
  };
}

const BREAKER = { CLOSED: 'closed', OPEN: 'open', HALF_OPEN: 'half open' } as const;

/** All that {@link describeDestinations} asks for. */
export async function readKnownOfDestinations(
  queryable: Pick<Pool, 'query'>,
  { destinations }: Pick<AcklineConfig, 'destinations'>,
): Promise<KnownOfDestinations> {
  return {
    paused: await listPausedDestinations(queryable),
    withWork: await listDestinationsWithWork(queryable),
    states: await readDestinationStates(
      queryable,
      destinations.map(({ name }) => name),
    ),
    handlers: handlerRows(await readProcessorStates(queryable)),
  };
}
