import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EnvelopeMeta } from '@ackline/shared/envelope';
import type { Provider } from '@ackline/shared/provider';
import type { FanOut, FanOutSteps } from '@ackline/shared/routing/fan-out';
import type { Item } from './lane-item.ts';
import { createPace, type Pace } from './pace.ts';
import { isOverSplit, splitEvent, type SplitSize, storedBytesOf } from './split-event.ts';
import type { StorableEvent } from './storable.ts';

/** An event, and which routes want it. */
export interface DecidedEvent {
  readonly event: StorableEvent;
  readonly fanOut: FanOut;
  /** Its body has several, more than can be stored. */
  readonly isKeptWhole?: true;
  /** The event that this is a part of, where no part has the dedup key of that. */
  readonly parent?: EnvelopeMeta;
}

/** By which an event is decided: its provider says whether its body has several, the routes which of them they want. */
export interface DecidingRules {
  readonly fanOut: FanOutSteps;
  readonly providerOf: (
    meta: Pick<EnvelopeMeta, 'source' | 'provider'>,
  ) => Pick<Provider, 'split'> | undefined;
}

/**
 * Which routes want the events of items: filters may take long (S6). What was decided is kept with its item, so that one that is
 * tried again, in a smaller part or in a transaction, costs nothing. Of parts of bodies it is
 * never more than one transaction should store: where there are more, each of the two looks rejects, and fewer items are tried.
 */
export interface Decisions {
  /** Outside of a transaction, in turn with all else. Rejects with `DecidesTooMuch` where those that are decided took long, and others are left. */
  before(items: readonly Item[], rules: DecidingRules): Promise<readonly DecidedEvent[]>;
  /** In a transaction. Rejects with `DecidesTooMuch` where that may not go on for longer. */
  within(items: readonly Item[], rules: DecidingRules): Promise<readonly DecidedEvent[]>;
  /** Whether its body has several events, as it is decided. */
  isSplit(item: Item): boolean;
  /** It is one event from now on, whatever its body has. */
  keepWhole(item: Item): void;
  /** They are stored: the parts of their bodies are of no use any more. */
  forget(items: readonly Item[]): void;
}

/** Fewer items, or the same ones another time, take less: some of them are decided now. Never of a single item outside of a transaction. */
export class DecidesTooMuch extends Error {
  override readonly name = 'DecidesTooMuch';

  constructor() {
    super('the filters of the routes take long for these events, or their bodies have many parts');
  }
}

interface Decision {
  readonly rule: FanOutSteps;
  /** The event, or the parts of its body. */
  readonly events: readonly DecidedEvent[];
  readonly size: SplitSize;
}

/** Of what stays whole. */
export const UNSPLIT: SplitSize = { parts: 0, bytes: 0, deliveries: 0 };

export function createDecisions(newPace: typeof createPace = createPace): Decisions {
  const known = new WeakMap<StorableEvent, Decision>();
  const keptWhole = new WeakSet<StorableEvent>();

  async function decide(items: readonly Item[], rules: DecidingRules, pace: Pace) {
    const decided: DecidedEvent[] = [];
    let size = UNSPLIT;
    for (const item of items) {
      if (item.kind === 'invalid') continue;
      let decision = known.get(item.event);
      if (decision?.rule !== rules.fanOut) {
        if (pace.isSpent) throw new DecidesTooMuch(); // never at the first
        if (pace.isDue) await pace.rest();
        const steps = keptWhole.has(item.event)
          ? decideWhole(item.event, rules)
          : decideEvent(item.event, rules);
        // Most take one step: a promise for each of them would cost more than all the rest.
        let step = steps.next();
        for (; step.done !== true; step = steps.next()) if (pace.isDue) await pace.rest();
        decision = { rule: rules.fanOut, events: step.value, size: sizeOf(step.value) };
        known.set(item.event, decision);
      }
      size = sumOf(size, decision.size);
      if (isOverSplit(size)) throw new DecidesTooMuch(); // never at the first
      decided.push(...decision.events);
    }
    return decided;
  }

  return {
    before: (items, rules) => decide(items, rules, newPace()),
    within(items, rules) {
      const pace: Pace = newPace(async () => {
        if (pace.isSpent) throw new DecidesTooMuch(); // not even the first
        await nextTurn();
      });
      return decide(items, rules, pace);
    },
    isSplit: item => item.kind === 'event' && (known.get(item.event)?.size ?? UNSPLIT).parts > 0,
    keepWhole(item) {
      if (item.kind !== 'event') return;
      keptWhole.add(item.event);
      known.delete(item.event);
    },
    forget(items) {
      for (const item of items) if (item.kind === 'event') known.delete(item.event);
    },
  };
}

export function sizeOf(events: readonly DecidedEvent[]): SplitSize {
  if (events.length < 2) return UNSPLIT;
  return events.reduce<SplitSize>((size, { event, fanOut }) => {
    const deliveries = fanOut.routing === 'routed' ? fanOut.routes.length : 0;
    return sumOf(size, { parts: 1, bytes: storedBytesOf(event), deliveries });
  }, UNSPLIT);
}

export function sumOf(one: SplitSize, other: SplitSize): SplitSize {
  return {
    parts: one.parts + other.parts,
    bytes: one.bytes + other.bytes,
    deliveries: one.deliveries + other.deliveries,
  };
}

/** The event, or the parts of its body. */
export function* decideEvent(
  event: StorableEvent,
  rules: DecidingRules,
): Generator<undefined, readonly DecidedEvent[]> {
  const parts = yield* splitEvent(event, rules.providerOf(event.meta));
  const decided = parts === null ? null : yield* decideEach(parts, rules.fanOut);
  if (decided === null || isOverSplit(sizeOf(decided))) return yield* decideWhole(event, rules);
  const { meta } = event;
  const hasKey = decided.some(part => part.event.meta.dedupKey === meta.dedupKey);
  return hasKey ? decided : decided.map(part => ({ ...part, parent: meta }));
}

/** The event, though its body has several. */
export function* decideWhole(
  event: StorableEvent,
  { fanOut }: Pick<DecidingRules, 'fanOut'>,
): Generator<undefined, readonly DecidedEvent[]> {
  const decided = yield* decideEach([event], fanOut);
  return decided.map(one => ({ ...one, isKeptWhole: true }));
}

/** Each part of a body has the routes of its own: it may have another type. */
function* decideEach(
  events: readonly StorableEvent[],
  fanOut: FanOutSteps,
): Generator<undefined, readonly DecidedEvent[]> {
  const decided: DecidedEvent[] = [];
  for (const event of events)
    decided.push({ event, fanOut: yield* fanOut({ ...event.meta, body: event.body }) });
  return decided;
}
