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

export function createFanOut(config: Pick<AcklineConfig, 'sources' | 'routes'>): FanOutRule {
  const sources = new Set(config.sources.map(source => source.name));
  return event => {
    if (!sources.has(event.source)) return { routing: 'unrouted' };
    const document = filterDocument(event);
    const routes = config.routes.filter(
      ({ match }) => isNamed(match, event) && (match.where === null || match.where.test(document)),
    );
    return routes.length === 0 ? { routing: 'unmatched' } : { routing: 'routed', routes };
  };
}

function isNamed(match: RouteMatch, event: RoutableEvent): boolean {
  return (
    (match.source === null || match.source === event.source) &&
    (match.tenant === null || match.tenant === event.tenant) &&
    (match.type === null || match.type === event.type)
  );
}
