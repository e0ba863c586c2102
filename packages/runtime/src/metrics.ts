import { collectDefaultMetrics, Registry } from 'prom-client';
import { processMetrics } from './process-metrics.ts';
import { SERVICE_LABEL } from './metric-table.ts';

export interface MetricsOptions {
  readonly service: string;
  /** Event loop, memory and garbage collection of the process; they keep running, so a unit test leaves them out. */
  readonly processMetrics?: boolean;
}

/** A registry of its own (nothing global), in which every metric carries `service`. */
export function createMetrics({ service, processMetrics: withProcess = true }: MetricsOptions): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ [SERVICE_LABEL]: service });
  if (withProcess) collectProcessMetrics(registry);
  return registry;
}

/** The library would give the mean over several processes of what is late in one of them. */
function collectProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  for (const { name, merged } of processMetrics) {
    const metric = registry.getSingleMetric(name);
    if (metric !== undefined && merged !== 'sum') Object.assign(metric, { aggregator: merged });
  }
}
