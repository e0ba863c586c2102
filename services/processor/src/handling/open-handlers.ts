import type { MetricFactory } from '@ackline/runtime/metric-factory';
import type { Delivery } from '../delivery/create-delivery.ts';
import { handlersOf } from '../processor-state.ts';
import { registerHandlerFigures } from './handler-metrics.ts';
import { createHandlerSupport, type HandlerSupportDeps, type OpenedHandlers } from './handler-support.ts';

export function openHandlers(deps: HandlerSupportDeps, opened: AsyncDisposableStack): OpenedHandlers {
  const support = createHandlerSupport(deps);
  opened.defer(() => support.close());
  return support;
}

export function watchHandlers(
  figures: MetricFactory,
  { handlers, delivery }: { readonly handlers: OpenedHandlers; readonly delivery: Delivery },
): void {
  registerHandlerFigures(figures, {
    threads: () => handlersOf(delivery),
    once: handlers.once,
    cache: handlers.cache,
    redis: () => handlers.redis,
  });
}

/** Of all handlers; null: there are none. */
export function cacheOf(delivery: Delivery): { readonly hits: number; readonly misses: number } | null {
  const caches = handlersOf(delivery).map(([, { figures }]) => figures.cache);
  if (caches.length === 0) return null;
  const sum = (read: (cache: (typeof caches)[number]) => number) =>
    caches.reduce((total, cache) => total + read(cache), 0);
  return { hits: sum(({ hits }) => hits), misses: sum(({ misses }) => misses) };
}
