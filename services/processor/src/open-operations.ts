import type { HealthRegistry } from '@ackline/runtime/health';
import type { Logger } from '@ackline/runtime/logger';
import type { ProgramContext } from '@ackline/runtime/main-program';
import { createOpsServer } from '@ackline/runtime/ops-server';
import { background } from '@ackline/runtime/supervisor';
import { connectTracing, type Tracing } from '@ackline/runtime/tracing/connect-tracing';
import type { ProcessorConfig } from './config.ts';
import type { ProcessorMetrics } from './metrics.ts';

export interface OperationsParts {
  readonly config: ProcessorConfig;
  readonly context: ProgramContext;
  readonly health: HealthRegistry;
  readonly registry: ProcessorMetrics['registry'];
}

/** The port of probes and metrics, open from now on. */
export async function openOperations(
  { config, context: { log, report }, health, registry }: OperationsParts,
  opened: AsyncDisposableStack,
): Promise<void> {
  const operations = createOpsServer({
    ...config.ops,
    registry,
    health,
    onListening: port => report({ kind: 'listening', name: 'operations', host: config.ops.host, port }),
  });
  await operations.listen();
  background([operations], { opened, log, health });
}

/** Closed as the last but the operations port: until then something may end that is recorded. */
export async function openTracing(
  { config, log, registry }: { config: ProcessorConfig; log: Logger; registry: ProcessorMetrics['registry'] },
  opened: AsyncDisposableStack,
): Promise<Tracing | null> {
  const tracing = await connectTracing(config.tracing, { service: 'ackline-processor', registry, log });
  opened.defer(() => tracing?.close());
  return tracing;
}
