import { collectDefaultMetrics, Registry } from 'prom-client';
import { labelNames } from './telemetry-names.ts';

export interface MetricsOptions {
  readonly service: string;
  /** Event loop, memory and garbage collection of the process; they keep running, so a unit test leaves them out. */
  readonly processMetrics?: boolean;
}

/** A registry of its own (nothing global), in which every metric carries `service`. */
export function createMetrics({ service, processMetrics = true }: MetricsOptions): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ [labelNames.service]: service });
  if (processMetrics) collectDefaultMetrics({ register: registry });
  return registry;
}
