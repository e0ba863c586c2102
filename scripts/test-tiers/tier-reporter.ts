// What is printed and recorded of a run's events: one line a file, every failure in full, and the counts for test-tiers.ts.
import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import { inspect } from 'node:util';

/** What one line of the results file holds. */
export type ResultLine =
  | { readonly kind: 'skip'; readonly name: string; readonly reason: string }
  | { readonly kind: 'failure'; readonly name: string }
  | { readonly kind: 'total'; readonly tests: number; readonly passed: number; readonly failed: number };

interface TestData {
  readonly name: string;
  readonly file?: string;
  readonly line?: number;
  readonly nesting: number;
  readonly skip?: string | boolean;
  readonly todo?: string | boolean;
  readonly details: {
    readonly type?: string;
    readonly error?: Error & { failureType?: string; cause?: unknown };
  };
}

interface SummaryData {
  readonly file?: string;
  readonly duration_ms: number;
  readonly counts: Readonly<Record<'tests' | 'passed' | 'failed' | 'skipped' | 'cancelled' | 'todo', number>>;
}

interface ResultEvent {
  readonly type: 'test:pass' | 'test:fail';
  readonly data: TestData;
}

type Recorder = (line: ResultLine) => void;

export type TestEvent =
  | { readonly type: 'test:start'; readonly data: { readonly name: string; readonly nesting: number } }
  | ResultEvent
  | { readonly type: 'test:summary'; readonly data: SummaryData }
  | { readonly type: 'test:stdout' | 'test:stderr'; readonly data: { readonly message: string } };

/** The variable that names the results file. */
export const RESULTS_VARIABLE = 'ACKLINE_TEST_RESULTS';

export async function* reportTo(record: Recorder, events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const path: string[] = []; // the names from the outermost suite to the test at hand
  for await (const event of events) {
    switch (event.type) {
      case 'test:start':
        path.splice(event.data.nesting, Infinity, event.data.name);
        break;
      case 'test:pass':
      case 'test:fail':
        path.splice(event.data.nesting, Infinity, event.data.name);
        yield noteResult(event, path.join(' > '), record);
        break;
      case 'test:summary':
        yield summarise(event.data, record);
        break;
      case 'test:stdout':
      case 'test:stderr':
        yield event.data.message;
        break;
    }
  }
}

function noteResult({ type, data }: ResultEvent, name: string, record: Recorder): string {
  const reason = reasonOf(data.skip) ?? reasonOf(data.todo);
  if (reason !== null) {
    record({ kind: 'skip', name, reason });
    return '';
  }
  const { error } = data.details;
  if (type === 'test:pass' || error?.failureType === 'subtestsFailed') return ''; // failed subtests were printed
  const place = data.file === undefined ? '' : ` (${relative('', data.file)}:${data.line ?? 0})`;
  record({ kind: 'failure', name: name + place });
  return `\n  FAILED ${name}${place}\n${indent(inspect(error?.cause ?? error, { depth: 6, colors: false }))}\n\n`;
}

function reasonOf(mark: string | boolean | undefined): string | null {
  if (mark === undefined || mark === false) return null;
  return typeof mark === 'string' && mark !== '' ? mark : 'no reason given';
}

function summarise({ file, counts, duration_ms }: SummaryData, record: Recorder): string {
  const failed = counts.failed + counts.cancelled;
  if (file === undefined) {
    record({ kind: 'total', tests: counts.tests, passed: counts.passed, failed });
    return '';
  }
  const state = failed > 0 ? 'FAILED' : 'ok    ';
  return `  ${state} ${relative('', file)}  ${counts.tests} tests, ${(duration_ms / 1_000).toFixed(1)} s\n`;
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ');
}

export function recordInFile(line: ResultLine): void {
  const path = process.env[RESULTS_VARIABLE];
  if (path !== undefined) appendFileSync(path, `${JSON.stringify(line)}\n`);
}
