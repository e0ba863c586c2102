import { registerConfigFigures } from '@ackline/runtime/config-metrics';
import type { MetricFactory } from '@ackline/runtime/metric-factory';
import type { Guards } from '../http/public-port.ts';
import type { Sources } from '../sources/sources.ts';
import { registerGuardFigures } from './guard-metrics.ts';

/** What is there already when it is asked for. */
export function registerFigures(
  metrics: MetricFactory,
  { sources, guards }: { readonly sources: Sources; readonly guards: Guards },
): void {
  registerGuardFigures(metrics, guards);
  registerConfigFigures(metrics, sources.declared);
  metrics.read('ingressSecretChanged', () =>
    sources.declared.current.ackline.sources.flatMap(source =>
      sources.secrets
        .changedAt(source.secrets)
        .flatMap((at, index) =>
          at === null ? [] : [[{ source: source.name, secret: String(index) }, at / 1_000] as const],
        ),
    ),
  );
}
