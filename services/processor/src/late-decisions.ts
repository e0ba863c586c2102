import type { Logger } from '@ackline/runtime/logger';
import { AppError } from '@ackline/shared/app-error';
import type { EnvelopeMeta } from '@ackline/shared/envelope';
import { decodeMeta } from '@ackline/shared/envelope-codec';
import type { FanOut, FanOutSteps } from '@ackline/shared/routing/fan-out';
import { open } from '@ackline/shared/seal';
import type { UnroutedEvent } from '@ackline/store/unrouted-events';
import type { PoolClient } from 'pg';
import {
  type DecidedEvent,
  decideEvent,
  decideWhole,
  type DecidingRules,
  sizeOf,
  sumOf,
  UNSPLIT,
} from './storing/decisions.ts';
import { createPace, type Pace } from './storing/pace.ts';
import { isOverSplit } from './storing/split-event.ts';
import type { StorableEvent } from './storing/storable.ts';

/** What becomes of an event that was stored unrouted. */
export type LateDecision =
  | {
      readonly kind: 'whole';
      readonly event: UnroutedEvent;
      /** What it is to a storer; of one that can't be opened, what its row says. */
      readonly stored: StorableEvent;
      readonly fanOut: FanOut;
      /** Why it can't be opened. */
      readonly unread: string | null;
      /** Its body has several, more than can be stored. */
      readonly isKeptWhole: boolean;
    }
  /** Its body has several events, which a processor of a release without its provider did not know. */
  | {
      readonly kind: 'split';
      readonly event: UnroutedEvent;
      readonly parts: readonly DecidedEvent[];
    }
  /** For another transaction; or the rules do not know its source. */
  | { readonly kind: 'left'; readonly event: UnroutedEvent };

export interface LateDeciding {
  readonly rules: DecidingRules;
  readonly log: Logger;
  /** The event that stays one, whatever its body has; null: there is none. */
  readonly wholeId: string | null;
  readonly rest: LateRest;
}

/** What was decided last and did not come into its transaction, for the next one. */
export interface LateRest {
  last: { readonly rule: FanOutSteps; readonly decision: LateDecision } | null;
}

export type Late<Kind extends LateDecision['kind']> = Extract<LateDecision, { readonly kind: Kind }>;

/**
 * In turn with all else, and the first one in any case: what one transaction has no time or room for is left as it is, for the next,
 * and so is what stays whole behind one that is split: it would be routed before the parts of that. The server is asked something now and then, since it ends a session that stands still in a
 * transaction.
 */
export async function decideLate(
  client: PoolClient,
  events: readonly UnroutedEvent[],
  how: LateDeciding,
): Promise<readonly LateDecision[]> {
  const pace = createPace(() => client.query('select 1'));
  const { rest, rules, wholeId } = how;
  const known = rest.last?.rule === rules.fanOut ? rest.last.decision : null;
  rest.last = null;
  const decided: LateDecision[] = [];
  let kind: LateDecision['kind'] = 'left';
  let size = UNSPLIT;
  for (const event of events) {
    if (pace.isSpent) break;
    const isKnown = event.id === known?.event.id && event.id !== wholeId;
    const decision = isKnown ? known : await inTurn(decideStored(event, how), pace);
    const sum = decision.kind === 'split' ? sumOf(size, sizeOf(decision.parts)) : size;
    if (!goesBehind(kind, decision) || isOverSplit(sum)) {
      rest.last = { rule: rules.fanOut, decision }; // never the first
      break;
    }
    kind = decision.kind;
    size = sum;
    decided.push(decision);
  }
  const left = events.slice(decided.length);
  return [...decided, ...left.map(event => ({ kind: 'left', event }) as const)];
}

/** Whether it may be in the transaction of those before it. */
function goesBehind(before: LateDecision['kind'], { kind }: LateDecision): boolean {
  return before === 'split' ? kind === 'split' : before !== 'whole' || kind !== 'left';
}

async function inTurn<Decided>(steps: Generator<undefined, Decided>, pace: Pace): Promise<Decided> {
  let step = steps.next();
  for (; step.done !== true; step = steps.next()) if (pace.isDue) await pace.rest();
  return step.value;
}

/**
 * What can't be opened is routed all the same, by its row alone: its delivery is parked for a person, and those behind it are
 * not held up.
 */
function* decideStored(
  event: UnroutedEvent,
  { rules, log, wholeId }: LateDeciding,
): Generator<undefined, LateDecision> {
  const { stored, unread } = openStored(event, log);
  if (unread !== null) {
    const fanOut = yield* rules.fanOut({ ...stored.meta, body: stored.body });
    return wholeOf({ event, stored, fanOut, unread, isKeptWhole: false });
  }
  const decided = yield* event.id === wholeId ? decideWhole(stored, rules) : decideEvent(stored, rules);
  const [first] = decided;
  if (first?.event === stored) {
    const { fanOut, isKeptWhole = false } = first;
    return wholeOf({ event, stored, fanOut, unread: null, isKeptWhole });
  }
  const isKnown = decided.every(({ fanOut }) => fanOut.routing !== 'unrouted');
  return isKnown ? { kind: 'split', event, parts: decided } : { kind: 'left', event };
}

function wholeOf(whole: Omit<Late<'whole'>, 'kind'>): LateDecision {
  return whole.fanOut.routing === 'unrouted'
    ? { kind: 'left', event: whole.event }
    : { kind: 'whole', ...whole };
}

/** `unread`: why it can't be opened; null: it can. */
interface OpenedEvent {
  readonly stored: StorableEvent;
  readonly unread: string | null;
}

function openStored(event: UnroutedEvent, log: Logger): OpenedEvent {
  const { keyId, tier } = event;
  const sealed = { keyId, meta: event.meta, body: event.body };
  try {
    const meta = decodeMeta(open({ keyId, bytes: event.meta }));
    const body = open({ keyId, bytes: event.body });
    return { stored: { meta, body, tier, sealed }, unread: null };
  } catch (error) {
    log.error({ err: error, eventId: event.id }, 'event.unreadable');
    const unread = error instanceof AppError ? error.code : 'unreadable';
    return { stored: { meta: metaOfRow(event), body: new Uint8Array(), tier, sealed }, unread };
  }
}

function metaOfRow(event: UnroutedEvent): EnvelopeMeta {
  const { id, source, tenant, type, dedupKey, orderingKey, priority } = event;
  const unknown = { provider: '', method: '', url: '', headers: [], receivedAt: 0 };
  const none = { occurredAt: null, traceparent: null, notBefore: null };
  return { id, source, tenant, type, dedupKey, orderingKey, priority, ...unknown, ...none };
}
