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
