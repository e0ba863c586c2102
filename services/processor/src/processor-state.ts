import type { ConfigState } from '@ackline/runtime/config-reload';
import type { ProcessorConfig } from './config.ts';
import type { Delivery } from './delivery/create-delivery.ts';
import type { Destination } from './delivery/destination.ts';
import type { HandlerThreads } from './delivery/sending/delivery-sender.ts';
import { failureOf } from './delivery/sending/handler-sender.ts';
import type { Intake } from './intake.ts';
import type { Retention } from './retaining/retention.ts';

export interface DescribedParts {
  readonly intake: Intake;
  readonly delivery: Delivery;
  readonly retention: Retention;
  readonly configState: ConfigState;
}

/** What `/health` shows of this processor. */
export function describeProcessor(
  config: ProcessorConfig,
  { intake, delivery, retention, configState }: DescribedParts,
) {
  const troubled = configured(delivery).filter(({ breaker }) => breaker.view.status !== 'CLOSED');
  return {
    workers: config.workers,
    config: { loaded_at: Math.floor(configState.loadedAt / 1_000), error: configState.error },
    inFlight: delivery.inFlight(),
    intake: intake.snapshot(),
    stuckDay: retention.stuck,
    handlers: Object.fromEntries(
      handlersOf(delivery).map(([name, { state }]) => [name, handlerState(state)]),
    ),
    breakers: Object.fromEntries(troubled.map(({ config: { name }, breaker }) => [name, breaker.view])),
  };
}

/** As `ackline destinations` reads it. */
function handlerState(state: HandlerThreads['state']) {
  return { state: state.kind, problem: failureOf(state) };
}

/** The threads of those that are configured, by the names of their destinations. */
export function handlersOf(
  delivery: Delivery,
): readonly (readonly [destination: string, threads: HandlerThreads])[] {
  return configured(delivery).flatMap(({ config, sender }) =>
    sender.handler === undefined ? [] : [[config.name, sender.handler] as const],
  );
}

export function configured(delivery: Delivery): readonly Destination[] {
  return [...delivery.destinations.values()].filter(destination => destination.isConfigured);
}
