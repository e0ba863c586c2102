import type { MetricFactory } from './metric-factory.ts';

/** What a pool of connections says of itself. */
export interface PoolFigures {
  readonly totalCount: number;
  readonly idleCount: number;
  /** Callers that wait for a connection. */
  readonly waitingCount: number;
  readonly options: { readonly max: number };
}

export interface PoolListener {
  /** A caller found no idle connection, and has one now. */
  waited(ms: number): void;
  /** It got none. */
  failed(): void;
}

export interface PoolMetrics {
  /** From now on the pool is shown, by a name of its own. */
  add(name: string, pool: PoolFigures): PoolListener;
}

export function createPoolMetrics(metrics: MetricFactory): PoolMetrics {
  const pools = new Map<string, PoolFigures>();
  const waits = metrics.histogram('poolWaitSeconds');
  const failures = metrics.counter('poolFailures');
  const each = (read: (pool: PoolFigures) => number) => () =>
    [...pools].map(([pool, figures]) => [{ pool }, read(figures)] as const);

  metrics.read('poolConnections', () =>
    [...pools].flatMap(([pool, { totalCount, idleCount }]) => [
      [{ pool, state: 'used' }, totalCount - idleCount] as const,
      [{ pool, state: 'idle' }, idleCount] as const,
    ]),
  );
  metrics.read(
    'poolMax',
    each(({ options }) => options.max),
  );
  metrics.read(
    'poolWaiting',
    each(({ waitingCount }) => waitingCount),
  );
  return {
    add(name, pool) {
      pools.set(name, pool);
      failures.inc({ pool: name }, 0);
      waits.zero({ pool: name });
      return {
        waited: ms => waits.observe({ pool: name }, ms / 1_000),
        failed: () => failures.inc({ pool: name }),
      };
    },
  };
}
