import { setTimeout as delay } from 'node:timers/promises';
import { type ProcessorFigures, processorFigures } from '@ackline/handlers/monitoring/processor-figures';
import type { Component } from '@ackline/runtime/component';
import type { Logger } from '@ackline/runtime/logger';
import { writeFigures } from '@ackline/store/processors';
import type { Pool } from 'pg';
import type { HandlerThreads } from '../delivery/sending/delivery-sender.ts';
import type { CacheService } from './cache-service.ts';

/** A person who looks can wait so long; a row of some kilobytes is nothing to PostgreSQL then. */
const EVERY_MS = 5_000;

export interface FiguresReportDeps {
  readonly pool: Pick<Pool, 'query'>;
  readonly processorId: string;
  readonly threads: () => readonly (readonly [destination: string, threads: HandlerThreads])[];
  readonly cache: Pick<CacheService, 'figuresOf'>;
  readonly performance: () => ProcessorFigures['performance'];
  readonly log: Pick<Logger, 'warn'>;
}

/** Writes what handlers have counted to the store, where there are any: `ackline perf` finds that of all processors there. */
export function createFiguresReport(deps: FiguresReportDeps): Component {
  const since = Date.now();
  const read = (threads: ReturnType<FiguresReportDeps['threads']>) =>
    processorFigures({
      since,
      performance: deps.performance(),
      handlers: Object.fromEntries(
        threads.map(([name, { figures }]) => [name, { threads: figures, cache: deps.cache.figuresOf(name) }]),
      ),
    });
  return {
    name: 'figures-report',
    async run(signal) {
      let hadSome = false;
      while (!signal.aborted) {
        await delay(EVERY_MS, undefined, { signal }).catch(() => undefined);
        const threads = deps.threads();
        if (signal.aborted || (threads.length === 0 && !hadSome)) continue;
        hadSome = threads.length > 0;
        await writeFigures(deps.pool, deps.processorId, read(threads)).catch((error: unknown) =>
          deps.log.warn({ err: error }, 'handler.figures-not-written'),
        );
      }
    },
  };
}
