import type { ConfigReload } from './config-reload.ts';
import type { MetricFactory } from './metric-factory.ts';

/** Which configuration is in force, and what became of the others. */
export function registerConfigFigures(
  metrics: MetricFactory,
  reload: Pick<ConfigReload<unknown>, 'state'>,
): void {
  metrics.read('configReloads', () => [
    [{ result: 'reloaded' }, reload.state.reloaded],
    [{ result: 'refused' }, reload.state.refused],
  ]);
  metrics.read('configRefused', () => (reload.state.error === null ? 0 : 1));
  metrics.read('configLoadedAt', () => reload.state.loadedAt / 1_000);
}
