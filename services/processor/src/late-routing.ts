import { keyHash, laneOf } from '@ackline/eventlog/lane';
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import type { DestinationConfig } from '@ackline/shared/config/types';
import { newEventId } from '@ackline/shared/event-id';
import { recordKey } from '@ackline/shared/record-key';
import { type QuarantinedRecord, quarantine } from '@ackline/store/events';
import { lockLane } from '@ackline/store/lanes';
import { inTransaction } from '@ackline/store/transaction';
import {
  findUnroutedSources,
  insertUnrouted,
  removeReplaced,
  setRouting,
  takeUnrouted,
  type UnroutedEvent,
} from '@ackline/store/unrouted-events';
import type { Pool, PoolClient } from 'pg';
import type { Intake } from './intake.ts';
import { decideLate, type Late, type LateDecision, type LateRest } from './late-decisions.ts';
import type { Rules } from './rules.ts';
import type { DecidedEvent, DecidingRules } from './storing/decisions.ts';
import { newDelivery } from './storing/new-delivery.ts';
import { placeDeliveries, type PlannedDelivery } from './storing/place-deliveries.ts';
import { takesPlainEvent } from './storing/plain-event.ts';
import { storeEvents } from './storing/store-events.ts';
import { isLockedOut, isPlaceTaken, isPoison, isTooMuch } from './storing/store-failures.ts';
import type { WholeBody } from './storing/whole-bodies.ts';
import { createWakeup } from './wakeup.ts';

const EVERY_MS = 1_000;
/** What one transaction takes; their bodies are held in memory. */
const BATCH = { rows: 200, bytes: 16 * 1024 * 1024 };
/** Before anything new is stored: later, a newer event of a key may go first, but no start waits for a long backlog. */
const AT_START_MS = 2_000;

export interface LateRoutingDeps {
  readonly pool: Pool;
  /** What is in force; each transaction asks once. */
  readonly rules: () => Rules;
  readonly intake: Pick<Intake, 'lanes'>;
  readonly log: Logger;
  readonly onRouted: () => void;
  /** Told of each transaction, that of storers too. */
  readonly onKeptWhole: (bodies: readonly WholeBody[]) => void;
  /** As `onKeptWhole`. */
  readonly onQuarantined: (origin: string, reason: string) => void;
}

export interface LateRouting extends Component {
  /** Routes what waits, for two seconds at most; the rest is for `run`. */
  routeFirst(): Promise<void>;
  /** There may be a source that is known only now: its older events should go before what comes next. */
  wake(): void;
}

/** Fans out events that were stored before any processor knew their source; any number of processors may do it at once. */
export function createLateRouting(deps: LateRoutingDeps): LateRouting {
  const { pool, log } = deps;
  const wakeup = createWakeup();
  const rest: LateRest = { last: null };

  /** A batch of each source in turn, until none has more: a long backlog of one holds up no other, nor does one that fails. */
  async function routeAll(goesOn: () => boolean): Promise<void> {
    let waiting = await findUnroutedSources(pool, [...deps.rules().sources.keys()]);
    while (waiting.length > 0) {
      const more: string[] = [];
      for (const source of waiting) {
        if (!goesOn()) return;
        if ((await tryRoute(source)) > 0) more.push(source);
      }
      if (more.length > 0) deps.onRouted();
      waiting = more;
    }
  }

  async function tryRoute(source: string): Promise<number> {
    try {
      return await routeUnrouted({ ...deps, rules: deps.rules(), rest }, source);
    } catch (error) {
      log.error({ err: error, source }, 'events.not-routed');
      return 0;
    }
  }

  return {
    name: 'late-routing',
    async routeFirst() {
      const until = performance.now() + AT_START_MS;
      await routeAll(() => performance.now() < until);
    },
    wake: () => wakeup.wake(),
    async run(signal) {
      while (!signal.aborted) {
        await routeAll(() => !signal.aborted).catch((error: unknown) =>
          log.error({ err: error }, 'late-routing.failed'),
        );
        await wakeup.wait(EVERY_MS, signal);
      }
    },
  };
}

export interface RoutingDeps
  extends Pick<LateRoutingDeps, 'pool' | 'log' | 'intake' | 'onKeptWhole' | 'onQuarantined'> {
  readonly rules: RoutingRules;
  /** Of one transaction for the next one. */
  readonly rest: LateRest;
}

type RoutingRules = DecidingRules & Pick<Rules, 'destinations'>;

/**
 * Fans out the first events of a source that wait for it, at their old places in the order; returns how many it took. Of a body that
 * is split only now the parts come in its place, as it would have been; behind what was stored of their keys meanwhile. Where so many
 * fail together, fewer are tried, down to one.
 */
export async function routeUnrouted(deps: RoutingDeps, source: string): Promise<number> {
  for (let rows = BATCH.rows; ; ) {
    const tried: TriedBatch = { rows: 0, first: null };
    try {
      return await routeBatch(deps, { source, rows, tried });
    } catch (error) {
      if (tried.rows === 0 || !mayPassInPart(error)) throw error;
      if (tried.rows === 1) return routeAlone(deps, { source, rows: 1, tried, failure: error });
      rows = Math.ceil(tried.rows / 2);
    }
  }
}

interface TriedBatch {
  /** That were to be routed; 0: it did not come as far as that, and fewer would have waited as long. */
  rows: number;
  first: LateDecision | null;
}

function mayPassInPart(error: unknown): boolean {
  return isPoison(error) || isTooMuch(error);
}

interface LoneFailure extends BatchToRoute {
  readonly failure: unknown;
}

/**
 * As a storer does (S4), with what fails alone, and once more where a plain event does not: a body that would be split is one event for
 * good; what PostgreSQL refuses as one event too is kept in quarantine, so that those behind it go on. What waits for a lock waits on.
 */
async function routeAlone(deps: RoutingDeps, { failure, ...alone }: LoneFailure): Promise<number> {
  const { first } = alone.tried;
  if (first === null || first.kind === 'left' || !isForGood(first, failure)) throw failure;
  if (isPlaceTaken(failure)) throw failure;
  if (!(await takesPlainEvent(deps.pool, firstEventOf(first), deps.rules, isPoison))) throw failure;
  try {
    return await routeBatch(deps, { ...alone, tried: { rows: 0, first: null } });
  } catch (error) {
    if (!isForGood(first, error)) throw error;
    if (isPoison(error) && first.kind === 'whole') return quarantineFirst(deps, first.event, error);
  }
  const whole = { ...alone, tried: { rows: 0, first: null }, wholeId: first.event.id };
  try {
    return await routeBatch(deps, whole);
  } catch (error) {
    return routeAlone(deps, { ...whole, failure: error });
  }
}

/** Of one event a refusal is; of a body that would be split, also that its events take too long. */
function isForGood({ kind }: LateDecision, failure: unknown): boolean {
  return isPoison(failure) || (kind === 'split' && isTooMuch(failure) && !isLockedOut(failure));
}

function firstEventOf(decision: Late<'whole' | 'split'>): DecidedEvent {
  if (decision.kind === 'whole') return { event: decision.stored, fanOut: decision.fanOut };
  const [first] = decision.parts;
  if (first === undefined) throw new Error('a body without events is not split'); // decideEvent leaves it as it is
  return first;
}

/** With its dedup key given back, as of what was never stored: it can be put back into the inbox. */
async function quarantineFirst(
  { pool, onQuarantined }: RoutingDeps,
  { id, source }: UnroutedEvent,
  { code }: { readonly code: string },
): Promise<number> {
  const origin = `unrouted:${id}`;
  const reason = `SQLSTATE ${code}`;
  const isKept = await inTransaction(pool, async client => {
    const [event] = await takeUnrouted(client, source, { ...BATCH, rows: 1 });
    if (event === undefined) return false;
    if (event.id !== id) {
      await insertUnrouted(client, [{ ...event, bodyBytes: event.body.byteLength }]); // another processor had it meanwhile
      return false;
    }
    await removeReplaced(client, [event]);
    const { keyId, meta, body } = event;
    await quarantine(client, [{ origin, topicId: null, reason, keyId, meta, body }]);
    return true;
  });
  if (isKept) onQuarantined(origin, reason);
  return isKept ? 1 : 0;
}

interface BatchToRoute {
  readonly source: string;
  readonly rows: number;
  readonly tried: TriedBatch;
  readonly wholeId?: string | null;
}

async function routeBatch(
  deps: RoutingDeps,
  { source, rows, tried, wholeId = null }: BatchToRoute,
): Promise<number> {
  let keptWhole: readonly WholeBody[] = [];
  let unread: readonly QuarantinedRecord[] = [];
  const routed = await inTransaction(deps.pool, async client => {
    const events = await takeUnrouted(client, source, { ...BATCH, rows });
    if (events.length === 0) return 0;
    const decisions = await decideLate(client, events, { ...deps, wholeId });
    const decided = Map.groupBy(decisions, ({ kind }) => kind);
    const of = <Kind extends LateDecision['kind']>(kind: Kind) => (decided.get(kind) ?? []) as Late<Kind>[];
    await lockLanesOf(client, of('split'), deps.intake.lanes());
    tried.rows = decisions.findLastIndex(({ kind }) => kind !== 'left') + 1;
    tried.first = decisions[0] ?? null;
    await insertUnrouted(
      client,
      of('left').map(({ event }) => ({ ...event, bodyBytes: event.body.byteLength })),
    );
    unread = await keepUnread(client, of('whole'));
    await routeWhole(client, of('whole'), deps.rules);
    await storeParts(client, of('split'), deps.rules);
    deps.log.info({ count: events.length, source }, 'events.routed-late');
    keptWhole = of('whole').flatMap(({ event, isKeptWhole }) => (isKeptWhole ? [event] : []));
    return events.length - of('left').length;
  });
  deps.onKeptWhole(keptWhole);
  for (const { origin, reason } of unread) deps.onQuarantined(origin, reason);
  return routed;
}

/** What is late goes the way of what is due. */
const NO_DESK = { tryReserve: () => null };

async function routeWhole(
  client: PoolClient,
  decided: readonly Late<'whole'>[],
  { destinations }: RoutingRules,
): Promise<void> {
  const deliveries = decided.flatMap(decision => deliveriesOf(decision, destinations));
  await placeDeliveries(client, deliveries, NO_DESK);
  await setRouting(
    client,
    decided.map(({ event: { seq, storedDay }, fanOut: { routing } }) => ({ seq, storedDay, routing })),
  );
}

/** As a storer does, and before the locks of keys and heads. */
async function lockLanesOf(client: PoolClient, bodies: readonly Late<'split'>[], lanes: number) {
  const held = new Set(bodies.map(({ event }) => laneOf(keyHash(recordKey(event)), lanes)));
  for (const lane of [...held].sort((a, b) => a - b)) await lockLane(client, lane);
}

/** Under the locks of their lanes. */
async function storeParts(
  client: PoolClient,
  bodies: readonly Late<'split'>[],
  { destinations }: RoutingRules,
): Promise<void> {
  if (bodies.length === 0) return;
  await removeReplaced(
    client,
    bodies.map(({ event }) => event),
  );
  const parts = bodies.flatMap(body => body.parts);
  await storeEvents(client, parts, { destinations, desk: NO_DESK });
}

/** Nothing accepted vanishes: where only filters could have told who wants it, and there is nothing to ask them of, a person has to. */
async function keepUnread(
  client: PoolClient,
  decided: readonly Late<'whole'>[],
): Promise<readonly QuarantinedRecord[]> {
  const records = decided.flatMap(({ event: { id, keyId, meta, body }, fanOut, unread }) =>
    unread !== null && fanOut.routing === 'unmatched'
      ? [{ origin: `event:${id}`, topicId: null, reason: unread, keyId, meta, body }]
      : [],
  );
  if (records.length > 0) await quarantine(client, records);
  return records;
}

function deliveriesOf(
  { event, stored: { meta }, fanOut }: Late<'whole'>,
  destinations: ReadonlyMap<string, DestinationConfig>,
): readonly PlannedDelivery<null>[] {
  if (fanOut.routing !== 'routed') return [];
  const stored = { ...event, notBefore: meta.notBefore, bodyBytes: event.body.byteLength };
  return fanOut.routes.map(route => ({
    event: null,
    delivery: newDelivery({ id: newEventId(), event: stored, route, destinations }),
  }));
}
