import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import { AppError } from '@ackline/shared/app-error';
import type { DestinationConfig } from '@ackline/shared/config/types';
import { decodeMeta } from '@ackline/shared/envelope-codec';
import { newEventId } from '@ackline/shared/event-id';
import type { FanOut, FanOutSteps } from '@ackline/shared/routing/fan-out';
import type { RoutableEvent } from '@ackline/shared/routing/routable-event';
import { open } from '@ackline/shared/seal';
import { quarantine } from '@ackline/store/events';
import { inTransaction } from '@ackline/store/transaction';
import {
  findUnroutedSources,
  insertUnrouted,
  setRouting,
  takeUnrouted,
  type UnroutedEvent,
} from '@ackline/store/unrouted-events';
import type { Pool, PoolClient } from 'pg';
import type { Rules } from './rules.ts';
import { newDelivery } from './storing/new-delivery.ts';
import { createPace } from './storing/pace.ts';
import { placeDeliveries, type PlannedDelivery } from './storing/place-deliveries.ts';
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
  readonly log: Logger;
  readonly onRouted: () => void;
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
      return await routeUnrouted({ pool, log, rules: deps.rules() }, source);
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

/** Fans out the first events of a source that wait for it, at their old places in the order; returns how many it took. */
export async function routeUnrouted(
  deps: Pick<LateRoutingDeps, 'pool' | 'log'> & { readonly rules: Pick<Rules, 'fanOut' | 'destinations'> },
  source: string,
): Promise<number> {
  return inTransaction(deps.pool, async client => {
    const events = await takeUnrouted(client, source, BATCH);
    if (events.length === 0) return 0;
    const decided = await decide(client, events, { rule: deps.rules.fanOut, log: deps.log });
    await keepUnread(client, decided);
    // The rule does not know its source, or it was not asked.
    const unrouted = decided.filter(({ fanOut }) => fanOut.routing === 'unrouted');
    await insertUnrouted(
      client,
      unrouted.map(({ event }) => ({ ...event, bodyBytes: event.body.byteLength })),
    );
    const deliveries = decided.flatMap(decision => deliveriesOf(decision, deps.rules.destinations));
    await placeDeliveries(client, deliveries, { tryReserve: () => null });
    await setRouting(
      client,
      decided.map(({ event: { seq, storedDay }, fanOut: { routing } }) => ({ seq, storedDay, routing })),
    );
    deps.log.info({ count: events.length, source }, 'events.routed-late');
    return events.length - unrouted.length;
  });
}

interface Decision {
  readonly event: UnroutedEvent;
  readonly notBefore: number | null;
  readonly fanOut: FanOut;
  /** Why it can't be opened. */
  readonly unread: string | null;
}

/**
 * In turn with all else, and the first one in any case: what one transaction has no time for is left as it is, for the next. The server
 * is asked something now and then, since it ends a session that stands still in a transaction.
 */
async function decide(
  client: PoolClient,
  events: readonly UnroutedEvent[],
  { rule, log }: { readonly rule: FanOutSteps; readonly log: Logger },
): Promise<readonly Decision[]> {
  const pace = createPace(() => client.query('select 1'));
  const decided: Decision[] = [];
  for (const event of events) {
    if (pace.isSpent) {
      decided.push({ event, fanOut: { routing: 'unrouted' }, notBefore: null, unread: null });
    } else {
      const { routable, ...known } = readStored(event, log);
      const steps = rule(routable);
      let step = steps.next();
      for (; step.done !== true; step = steps.next()) if (pace.isDue) await pace.rest();
      decided.push({ ...known, event, fanOut: step.value });
    }
  }
  return decided;
}

/** Nothing accepted vanishes: where only filters could have told who wants it, and there is nothing to ask them of, a person has to. */
async function keepUnread(client: PoolClient, decided: readonly Decision[]): Promise<void> {
  const records = decided.flatMap(({ event: { id, keyId, meta, body }, fanOut, unread }) =>
    unread !== null && fanOut.routing === 'unmatched'
      ? [{ origin: `event:${id}`, topicId: null, reason: unread, keyId, meta, body }]
      : [],
  );
  if (records.length > 0) await quarantine(client, records);
}

function deliveriesOf(
  { event, notBefore, fanOut }: Decision,
  destinations: ReadonlyMap<string, DestinationConfig>,
): readonly PlannedDelivery<null>[] {
  if (fanOut.routing !== 'routed') return [];
  const stored = { ...event, notBefore, bodyBytes: event.body.byteLength };
  return fanOut.routes.map(route => ({
    event: null,
    delivery: newDelivery({ id: newEventId(), event: stored, route, destinations }),
  }));
}

/**
 * What can't be opened is routed all the same, by its row alone: its delivery is parked for a person, and those behind it are
 * not held up.
 */
function readStored(
  event: UnroutedEvent,
  log: Logger,
): { readonly routable: RoutableEvent } & Pick<Decision, 'notBefore' | 'unread'> {
  const { keyId, source, tenant, type } = event;
  try {
    const meta = decodeMeta(open({ keyId, bytes: event.meta }));
    return {
      routable: { ...meta, body: open({ keyId, bytes: event.body }) },
      notBefore: meta.notBefore,
      unread: null,
    };
  } catch (error) {
    log.error({ err: error, eventId: event.id }, 'event.unreadable');
    const routable = { source, tenant, type, provider: '', headers: [], body: new Uint8Array() };
    return { routable, notBefore: null, unread: error instanceof AppError ? error.code : 'unreadable' };
  }
}
