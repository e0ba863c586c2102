import { aborted } from '@ackline/runtime/aborted';
import type { Component } from '@ackline/runtime/component';
import type { HealthRegistry } from '@ackline/runtime/health';
import type { ProgramContext } from '@ackline/runtime/main-program';
import { supervise } from '@ackline/runtime/supervisor';
import type { ProcessorConfig } from './config.ts';
import type { Delivery } from './delivery/create-delivery.ts';

/** Attempts in flight may use this part of the drain; the rest is for their outcomes and the connections. */
export const ATTEMPTS_DRAIN_PART = 0.6;

export interface RunningParts {
  readonly config: ProcessorConfig;
  readonly context: ProgramContext;
  readonly health: HealthRegistry;
  readonly delivery: Delivery;
  readonly processorId: string;
  readonly components: readonly Component[];
  readonly resources: AsyncDisposableStack;
}

/** From here to its drain: once `signal` aborts, nothing new is begun; it resolves when all is closed. */
export async function runProcessor(parts: RunningParts, signal: AbortSignal): Promise<void> {
  const { config, health, delivery, processorId } = parts;
  const { log, report } = parts.context;
  await using _closing = parts.resources;
  // Attempts end beside the consumers, which may need seconds to leave; then every outcome is written.
  const drained = aborted(signal).then(() => delivery.drain(config.drain.deadlineMs * ATTEMPTS_DRAIN_PART));
  health.markStarted();
  report({ kind: 'started' });
  log.info({ processorId, workers: config.workers }, 'processor.started');
  signal.addEventListener('abort', () => health.markDraining(), { once: true });
  await supervise(parts.components, { signal, log, health });
  await drained;
  await delivery.drain(0);
}
