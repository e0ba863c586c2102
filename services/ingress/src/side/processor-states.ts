import { setTimeout as delay } from 'node:timers/promises';
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import { shownStatus } from '@ackline/store/destination-states';
import type { ProcessorState } from '@ackline/store/processors';
import type { TroubledDestination } from './troubled-destinations.ts';

/** As often as processors write: what is shown is at most two rounds old. */
const READ_EVERY_MS = 2_000;

/** What is known of the other half of the system. */
export interface Processing {
  readonly processors: readonly ProcessorState[];
  readonly destinations: readonly TroubledDestination[];
}

export interface ProcessorStates extends Component {
  /** What was read last, with its age now; kept while PostgreSQL is away. */
  current(): Processing;
}

export interface ProcessorStatesDeps {
  readonly read: () => Promise<Processing>;
  readonly log: Pick<Logger, 'debug'>;
  readonly everyMs?: number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/** Reads what the processors say of themselves and of destinations in the background, so that no request waits for PostgreSQL. */
export function createProcessorStates(deps: ProcessorStatesDeps): ProcessorStates {
  const { everyMs = READ_EVERY_MS, now = () => performance.now() } = deps;
  let last: Processing = { processors: [], destinations: [] };
  let readAt = now();
  return {
    name: 'processor-states',
    current() {
      const sinceMs = Math.round(now() - readAt);
      return {
        processors: last.processors.map(state => ({ ...state, ageMs: state.ageMs + sinceMs })),
        destinations: last.destinations.map(destination => agedBy(destination, sinceMs)),
      };
    },
    async run(signal) {
      while (!signal.aborted) {
        try {
          last = await deps.read();
          readAt = now();
        } catch (error) {
          deps.log.debug({ err: error }, 'processor-states.unread');
        }
        await delay(everyMs, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

function agedBy(destination: TroubledDestination, sinceMs: number): TroubledDestination {
  const { status, reopensInMs: read } = destination;
  const reopensInMs = read === null ? null : Math.max(0, Math.round(read - sinceMs));
  return { ...destination, status: shownStatus({ status, reopensInMs }), reopensInMs };
}
