import type { AcklineConfig } from '@ackline/shared/config/types';
import { createFanOut, type FanOutRule } from '@ackline/shared/routing/fan-out';
import type { RoutableEvent } from '@ackline/shared/routing/routable-event';

/** Enough to look at. */
const MAX_EXAMPLES = 3;

export interface Change {
  readonly count: number;
  /** Ids of events, the newest first. */
  readonly examples: readonly string[];
}

export interface RouteChange {
  readonly route: string;
  /** null: one of the two files has no such route. */
  readonly destinations: { readonly now: string | null; readonly next: string | null };
  readonly now: number;
  readonly next: number;
  readonly gained: Change;
  readonly lost: Change;
}

export interface DestinationChange {
  readonly destination: string;
  readonly now: number;
  readonly next: number;
  /** Another order for what is stored from then on. */
  readonly ordering: { readonly now: string | null; readonly next: string | null };
}

export interface Plan {
  readonly events: number;
  readonly routes: readonly RouteChange[];
  readonly destinations: readonly DestinationChange[];
  /** Of sources that the file does not name, or that no route takes. */
  readonly untaken: { readonly now: number; readonly next: number; readonly gained: Change };
}

type RoutedConfig = Pick<AcklineConfig, 'sources' | 'routes' | 'destinations'>;

/** Counts what each event would do under another file. */
export interface Planner {
  look(id: string, event: RoutableEvent): void;
  /** What was counted. */
  plan(): Plan;
}

export function createPlanner(now: RoutedConfig, next: RoutedConfig): Planner {
  const rules = { now: createFanOut(now), next: createFanOut(next) };
  const names = [...new Set([...now.routes, ...next.routes].map(route => route.name))];
  const counters = new Map(names.map(name => [name, createCounter()]));
  const untaken = createCounter();
  let events = 0;
  return {
    look(id, event) {
      events += 1;
      const taken = { now: routesOf(rules.now, event), next: routesOf(rules.next, event) };
      for (const [name, counter] of counters) counter.count(id, taken.now.has(name), taken.next.has(name));
      untaken.count(id, taken.now.size === 0, taken.next.size === 0);
    },
    plan() {
      const routes = names.map((route): RouteChange => {
        const destinations = { now: destinationOf(now, route), next: destinationOf(next, route) };
        return { route, destinations, ...(counters.get(route) ?? createCounter()).counted() };
      });
      const { lost: _, ...taken } = untaken.counted();
      return { events, routes, destinations: destinationsOf(now, next, routes), untaken: taken };
    },
  };
}

function routesOf(rule: FanOutRule, event: RoutableEvent): ReadonlySet<string> {
  const fanOut = rule(event);
  return new Set(fanOut.routing === 'routed' ? fanOut.routes.map(route => route.name) : []);
}

function createCounter() {
  let [now, next] = [0, 0];
  const gained = createChange();
  const lost = createChange();
  return {
    count(id: string, isNow: boolean, isThen: boolean): void {
      if (isNow) now += 1;
      if (isThen) next += 1;
      if (isThen && !isNow) gained.add(id);
      if (isNow && !isThen) lost.add(id);
    },
    counted: () => ({ now, next, gained: gained.change(), lost: lost.change() }),
  };
}

function createChange() {
  let count = 0;
  const examples: string[] = [];
  return {
    add(id: string): void {
      count += 1;
      if (examples.length < MAX_EXAMPLES) examples.push(id);
    },
    change: (): Change => ({ count, examples }),
  };
}

const destinationOf = (config: RoutedConfig, route: string): string | null =>
  config.routes.find(({ name }) => name === route)?.destination ?? null;

function destinationsOf(
  now: RoutedConfig,
  next: RoutedConfig,
  routes: readonly RouteChange[],
): readonly DestinationChange[] {
  const names = [...new Set([...now.destinations, ...next.destinations].map(({ name }) => name))];
  const orderingOf = (config: RoutedConfig, name: string) =>
    config.destinations.find(one => one.name === name)?.ordering ?? null;
  const sum = (side: 'now' | 'next', name: string) =>
    routes
      .filter(route => route.destinations[side] === name)
      .reduce((total, route) => total + route[side], 0);
  return names.map(destination => ({
    destination,
    now: sum('now', destination),
    next: sum('next', destination),
    ordering: { now: orderingOf(now, destination), next: orderingOf(next, destination) },
  }));
}

/** Whether the other file does anything else with these events. */
export function hasChanges({ routes, destinations }: Plan): boolean {
  return (
    routes.some(
      ({ gained, lost, destinations: to, now, next }) =>
        gained.count > 0 || lost.count > 0 || (to.now !== to.next && now + next > 0),
    ) || destinations.some(({ ordering, now, next }) => ordering.now !== ordering.next && now > 0 && next > 0)
  );
}
