import type { CliConfig } from '../config.ts';
import type { Terminal } from '../output/terminal.ts';
import { readVersion } from '../version.ts';
import { firstCurl } from './first-curl.ts';
import type { Prepared } from './prepare.ts';
import { formatReadyBlock } from './ready-block.ts';

export interface AnnouncedUp {
  readonly config: Pick<CliConfig, 'mode' | 'databaseUrl' | 'hasKafka'>;
  readonly prepared: Prepared;
  readonly terminal: Pick<Terminal, 'line'>;
  readonly log: Record<'info' | 'warn', (fields: object, event: string) => void>;
}

export interface AnnouncedFacts {
  readonly ingressUrl: string;
  /** null: it does not run. */
  readonly consoleUrl: string | null;
  readonly operationsUrl: string;
  /** "processor: kafka-consumer: no broker answers": what is not ready, and why; none: all is. */
  readonly waiting: readonly string[];
}

/** What runs now: a block for a person in development, a log line in production. */
export function announce({ config, prepared, terminal, log }: AnnouncedUp, facts: AnnouncedFacts): void {
  const { waiting, ...urls } = facts;
  if (config.mode === 'production') {
    if (waiting.length === 0) log.info(urls, 'up.ready');
    else log.warn({ ...urls, waiting }, 'up.not-ready');
    return;
  }
  terminal.line(
    formatReadyBlock({
      ...facts,
      version: readVersion(),
      config: prepared.acklineConfig,
      dataDir: prepared.layout.root,
      hasDatabase: config.databaseUrl !== null,
      hasKafka: config.hasKafka,
      curl: firstCurl(prepared, urls.ingressUrl, Date.now()),
    }),
  );
}
