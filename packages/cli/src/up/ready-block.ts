import type { AcklineConfig } from '@ackline/shared/config/types';
import { programName } from '../output/program-name.ts';

export interface ReadyFacts {
  readonly version: string;
  readonly config: AcklineConfig;
  /** Without a path. */
  readonly ingressUrl: string;
  /** null: it does not run. */
  readonly consoleUrl: string | null;
  readonly operationsUrl: string;
  readonly dataDir: string;
  readonly hasDatabase: boolean;
  readonly hasKafka: boolean;
  /** What is not ready, and why; none: all is. */
  readonly waiting: readonly string[];
  /** null: no source that a sample can be made for. */
  readonly curl: string | null;
}

/** More than fits on a screen helps nobody; `ackline check` lists all. */
const MAX_LISTED_SOURCES = 12;
const LABEL_WIDTH = 12;

/** What a newcomer needs to know once everything runs, ready or not; ends with two commands that work when pasted. */
export function formatReadyBlock(facts: ReadyFacts): string {
  const { config, ingressUrl, consoleUrl, operationsUrl } = facts;
  const lines = [
    '',
    `Ackline ${facts.version} ${stateOf(facts)} (development: every listener on loopback)`,
    '',
    ...labelled('Webhooks', listSources(config, ingressUrl)),
    ...labelled('Health', [`${ingressUrl}/health`]),
    ...labelled('Console', [
      consoleUrl === null
        ? 'does not run, and is tried again: its log says why'
        : `${consoleUrl}  (a page for browsers, without a token here; its API: ${consoleUrl}/api/v1/openapi.json)`,
    ]),
    ...labelled('Operations', [`${operationsUrl}/metrics  /readyz  /livez  /startupz`]),
    ...labelled('Data', [`${facts.dataDir}  (logs/, and dev.env with the generated secrets)`]),
    ...labelled('Runs on', listParts(facts)),
    '',
  ];
  if (facts.curl !== null) {
    lines.push(
      'Send a webhook (the same one again is answered 200 too, and stored once: providers repeat themselves):',
      '',
      facts.curl,
      '',
      'See it stored and delivered:',
      '',
      `${programName()} events`,
      '',
    );
  }
  lines.push('Ctrl-C stops everything in order.');
  return lines.join('\n');
}

function stateOf({ waiting }: ReadyFacts): string {
  return waiting.length === 0 ? 'is ready' : `runs, not ready: ${waiting.join('; ')}`;
}

function listSources(config: AcklineConfig, ingressUrl: string): string[] {
  const width = Math.max(...config.sources.map(source => source.path.length));
  const listed = config.sources
    .slice(0, MAX_LISTED_SOURCES)
    .map(source => `${ingressUrl}${source.path.padEnd(width)}  ${source.provider}`);
  const rest = config.sources.length - listed.length;
  return rest > 0 ? [...listed, `… and ${rest} more: ${programName()} check`] : listed;
}

function listParts({ hasDatabase, hasKafka }: ReadyFacts): string[] {
  return [
    hasDatabase
      ? 'PostgreSQL of DATABASE_URL'
      : 'embedded PostgreSQL 17      DATABASE_URL=postgres://… uses yours',
    hasKafka
      ? 'Kafka of KAFKA_BROKERS'
      : 'inbox instead of Kafka      KAFKA_BROKERS=host:9092 switches to Kafka',
  ];
}

function labelled(label: string, values: readonly string[]): string[] {
  return values.map((value, index) => `  ${(index === 0 ? label : '').padEnd(LABEL_WIDTH)}${value}`);
}
