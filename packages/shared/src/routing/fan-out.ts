import type { AcklineConfig, RouteConfig, RouteMatch } from '../config/types.ts';
import { filterDocument } from './filter-document.ts';
import type { RoutableEvent } from './routable-event.ts';

/** `unrouted`: the source is not in this process's configuration (yet); the event waits for a processor that knows it. */
export type FanOut =
  | { readonly routing: 'routed'; readonly routes: readonly RouteConfig[] }
  | { readonly routing: 'unmatched' }
  | { readonly routing: 'unrouted' };

/** Decides which routes want an event. Pure, and never throws; one per configuration. */
export type FanOutRule = (event: RoutableEvent) => FanOut;

/** As a `FanOutRule`, one filter a step: there may be many of them, and only each alone is sure not to take long (F1). */
export type FanOutSteps = (event: RoutableEvent) => Generator<undefined, FanOut>;

export function createFanOut(config: Pick<AcklineConfig, 'sources' | 'routes'>): FanOutRule {
  const steps = createFanOutSteps(config);
  return event => atOnce(steps(event));
}

export function createFanOutSteps({
  sources,
  routes,
}: Pick<AcklineConfig, 'sources' | 'routes'>): FanOutSteps {
  const names = new Set(sources.map(source => source.name));
  return function* fanOut(event) {
    if (!names.has(event.source)) return { routing: 'unrouted' };
    const document = filterDocument(event);
    const wanting: RouteConfig[] = [];
    for (const route of routes) {
      const { match } = route;
      if (!isNamed(match, event)) continue;
      if (match.where === null || match.where.test(document)) wanting.push(route);
      if (match.where !== null) yield;
    }
    return wanting.length === 0 ? { routing: 'unmatched' } : { routing: 'routed', routes: wanting };
  };
}

export function atOnce<Result>(steps: Generator<undefined, Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

function isNamed(match: RouteMatch, event: RoutableEvent): boolean {
  return (
    (match.source === null || match.source === event.source) &&
    (match.tenant === null || match.tenant === event.tenant) &&
    (match.type === null || match.type === event.type)
  );
}
