import { setTimeout as delay } from 'node:timers/promises';
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import type { ProcessorState } from '@ackline/store/processors';

/** As often as processors write: what is shown is at most two rounds old. */
const READ_EVERY_MS = 2_000;

export interface ProcessorStates extends Component {
  /** The last states that were read, with their age now; kept while PostgreSQL is away. */
  current(): readonly ProcessorState[];
}

export interface ProcessorStatesDeps {
  readonly read: () => Promise<readonly ProcessorState[]>;
  readonly log: Pick<Logger, 'debug'>;
  readonly everyMs?: number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/** Reads what the processors say of themselves in the background, so that no request waits for PostgreSQL. */
export function createProcessorStates(deps: ProcessorStatesDeps): ProcessorStates {
  const { everyMs = READ_EVERY_MS, now = () => performance.now() } = deps;
  let states: readonly ProcessorState[] = [];
  let readAt = now();
  return {
    name: 'processor-states',
    current() {
      const sinceMs = Math.round(now() - readAt);
      return states.map(state => ({ ...state, ageMs: state.ageMs + sinceMs }));
    },
    async run(signal) {
      while (!signal.aborted) {
        try {
          states = await deps.read();
          readAt = now();
        } catch (error) {
          deps.log.debug({ err: error }, 'processor-states.unread');
        }
        await delay(everyMs, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}
