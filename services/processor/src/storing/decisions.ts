import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FanOut, FanOutSteps } from '@ackline/shared/routing/fan-out';
import type { ProviderOfEvent } from '../rules.ts';
import type { Item } from './lane-item.ts';
import { createPace, type Pace } from './pace.ts';
import { splitEvent } from './split-event.ts';
import type { StorableEvent } from './storable.ts';

/** An event, and which routes want it. */
export interface DecidedEvent {
  readonly event: StorableEvent;
  readonly fanOut: FanOut;
}

/** By which an event is decided: its provider says whether its body has several, the routes which of them they want. */
export interface DecidingRules {
  readonly fanOut: FanOutSteps;
  readonly providerOf: ProviderOfEvent;
}

/**
 * Which routes want the events of items: filters may take long (S6). What was decided is kept with its item, so that one that is
 * tried again, in a smaller part or in a transaction, costs nothing.
 */
export interface Decisions {
  /** Outside of a transaction, in turn with all else. Rejects with `DecidesTooLong` where those that are decided took long, and others are left. */
  before(items: readonly Item[], rules: DecidingRules): Promise<readonly DecidedEvent[]>;
  /** In a transaction. Rejects with `DecidesTooLong` where that may not go on for longer. */
  within(items: readonly Item[], rules: DecidingRules): Promise<readonly DecidedEvent[]>;
}

/** Fewer items, or the same ones another time, take less: some of them are decided now. */
export class DecidesTooLong extends Error {
  override readonly name = 'DecidesTooLong';

  constructor() {
    super('the filters of the routes take long for these events');
  }
}

interface Decision {
  readonly rule: FanOutSteps;
  /** The event, or the parts of its body. */
  readonly events: readonly DecidedEvent[];
}

export function createDecisions(newPace: typeof createPace = createPace): Decisions {
  const known = new WeakMap<StorableEvent, Decision>();

  async function decide(items: readonly Item[], rules: DecidingRules, pace: Pace) {
    const decided: DecidedEvent[] = [];
    for (const item of items) {
      if (item.kind === 'invalid') continue;
      let decision = known.get(item.event);
      if (decision?.rule !== rules.fanOut) {
        if (pace.isSpent) throw new DecidesTooLong(); // never at the first
        if (pace.isDue) await pace.rest();
        const steps = decideEvent(item.event, rules);
        // Most take one step: a promise for each of them would cost more than all the rest.
        let step = steps.next();
        for (; step.done !== true; step = steps.next()) if (pace.isDue) await pace.rest();
        decision = { rule: rules.fanOut, events: step.value };
        known.set(item.event, decision);
      }
      decided.push(...decision.events);
    }
    return decided;
  }

  return {
    before: (items, rules) => decide(items, rules, newPace()),
    within(items, rules) {
      const pace: Pace = newPace(async () => {
        if (pace.isSpent) throw new DecidesTooLong(); // not even the first
        await nextTurn();
      });
      return decide(items, rules, pace);
    },
  };
}

/** Each part of a body has the routes of its own: it may have another type. */
function* decideEvent(
  event: StorableEvent,
  { fanOut, providerOf }: DecidingRules,
): Generator<undefined, readonly DecidedEvent[]> {
  const decided: DecidedEvent[] = [];
  for (const part of splitEvent(event, providerOf(event.meta))) {
    decided.push({ event: part, fanOut: yield* fanOut({ ...part.meta, body: part.body }) });
  }
  return decided;
}
