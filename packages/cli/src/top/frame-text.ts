import { MAX_COUNTED } from '@ackline/store/work-figures';
import { printable } from '@ackline/shared/printable';
import { formatTable } from '../output/text-table.ts';
import { formatCount, formatMs, plural } from '../output/units.ts';
import type { Quantiles } from './metric-samples.ts';
import type { DestinationFigures, Frame, SourceRates, WorkCounts } from './frame.ts';

const NOT_KNOWN = '–';
const GAP = ' · ';
const LABEL_CHARS = 9;

/** The frame as lines of any length. */
export function frameLines(frame: Frame): readonly string[] {
  return [
    ...partLines(frame),
    '',
    ...tableOf(
      ['SOURCE', 'ACCEPTED/S', 'REPEATED/S', 'REFUSED/S', 'LOST/S'],
      frame.sources.map(sourceRow),
      'No request yet.',
    ),
    '',
    labelled('ACK', quantileText(frame.ackMs)),
    labelled('TIER', tierText(frame)),
    labelled('LAG', lagText(frame)),
    labelled('ATTEMPTS', attemptText(frame.attemptsPerS)),
    labelled('WORK', frame.work === null ? NOT_KNOWN : workText(frame.work)),
    '',
    ...tableOf(
      ['DESTINATION', 'BREAKER', 'DELIVERED/S', 'FAILED/S', 'DUE', 'LEASED', 'HELD', 'PARKED', 'OLDEST'],
      frame.destinations.map(destinationRow),
      'No destination yet.',
    ),
  ];
}

/** Cut to what a screen of this size shows: never a line that wraps, never a line more. */
export function fitLines(
  lines: readonly string[],
  screen: { readonly columns: number; readonly rows: number },
): readonly string[] {
  const columns = Math.max(1, screen.columns);
  const rows = Math.max(1, screen.rows);
  const fitting =
    lines.length <= rows ? lines : [...lines.slice(0, rows - 1), `… ${lines.length - rows + 1} lines more`];
  return fitting.map(line => (line.length <= columns ? line : `${line.slice(0, columns - 1)}…`));
}

/** A line each, so that a narrow terminal cuts none away. */
function partLines({ services, postgres, processors }: Frame): readonly string[] {
  const stateOf = (problem: string | null) => (problem === null ? 'answers' : `is away (${problem})`);
  const running = processors === null ? [] : [plural(processors, 'processor')];
  return [
    ...services.map(({ url, problem }) => `${url} ${stateOf(problem)}`),
    [`PostgreSQL ${stateOf(postgres.problem)}`, ...running].join(GAP),
  ].map(printable);
}

function tableOf(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  none: string,
): readonly string[] {
  return rows.length === 0 ? [none] : formatTable(heading, rows).split('\n');
}

function labelled(label: string, text: string): string {
  return `${label.padEnd(LABEL_CHARS)}${text}`;
}

function sourceRow({ name, accepted, duplicate, refused, lost }: SourceRates): readonly string[] {
  return [name, ...[accepted, duplicate, refused, lost].map(rate)];
}

function rate(perS: number): string {
  return perS.toFixed(1);
}

function quantileText(ack: Quantiles | null): string {
  if (ack === null) return NOT_KNOWN;
  const shown = (ms: number) => (ms >= ack.limit ? `over ${formatMs(ack.limit)}` : formatMs(ms));
  return `p50 ${shown(ack.p50)}${GAP}p95 ${shown(ack.p95)}${GAP}p99 ${shown(ack.p99)}`;
}

function tierText({ tiers, tierInUse }: Frame): string {
  const each = tiers.map(({ name, appendedPerS, breaker }) => {
    const trouble = breaker === 'closed' || breaker === 'unknown' ? '' : ` (breaker ${breaker})`;
    return `${name} ${rate(appendedPerS)}/s${trouble}`;
  });
  return [tierInUse === null ? 'no event' : `${tierInUse} in use`, ...each].join(GAP);
}

function lagText({ lag }: Frame): string {
  const { kafkaRecords, kafkaOldestMs, inboxEvents, inboxOldestMs } = lag;
  const kafka =
    kafkaRecords === null
      ? []
      : [`Kafka ${plural(kafkaRecords, 'record')}${oldestText(kafkaRecords, kafkaOldestMs)}`];
  if (inboxEvents === null) return [...kafka, NOT_KNOWN].join(GAP);
  const events = `${countText(inboxEvents, inboxEvents >= MAX_COUNTED)} ${inboxEvents === 1 ? 'event' : 'events'}`;
  return [...kafka, `inbox ${events}${oldestText(inboxEvents, inboxOldestMs)}`].join(GAP);
}

function oldestText(count: number, oldestMs: number | null): string {
  return count === 0 || oldestMs === null ? '' : `, the oldest ${formatMs(oldestMs)}`;
}

function attemptText(perS: Readonly<Record<string, number>>): string {
  const entries = Object.entries(perS).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0
    ? NOT_KNOWN
    : entries.map(([outcome, value]) => `${outcome} ${rate(value)}/s`).join(GAP);
}

const WORK_WORDS = {
  due: 'due',
  leased: 'leased',
  waiting: 'waiting',
  held: 'held',
  parked: 'parked',
  replay: 'replays',
} as const;
type WorkName = keyof typeof WORK_WORDS;
const WORK_NAMES = Object.keys(WORK_WORDS) as WorkName[];

function workText(work: WorkCounts): string {
  const { oldestMs } = work;
  const parts = WORK_NAMES.map(name => `${WORK_WORDS[name]} ${workCount(work, name)}`);
  return [...parts, `oldest ${oldestMs === null ? NOT_KNOWN : formatMs(oldestMs)}`].join(GAP);
}

function workCount(work: WorkCounts, name: WorkName): string {
  return countText(work[name], work.more.includes(name));
}

function countText(count: number, hasMore: boolean): string {
  return `${formatCount(count)}${hasMore ? '+' : ''}`;
}

const SHOWN_OF_EACH = ['due', 'leased', 'held', 'parked'] as const;

function destinationRow(destination: DestinationFigures): readonly string[] {
  const { name, breaker, paused, configured, attemptsPerS, oldestMs } = destination;
  const { delivered = 0, ...others } = attemptsPerS;
  const failed = Object.values(others).reduce((sum, perS) => sum + perS, 0);
  return [
    name,
    [breaker, ...(paused ? ['paused'] : []), ...(configured === false ? ['not configured'] : [])].join(', '),
    rate(delivered),
    rate(failed),
    ...SHOWN_OF_EACH.map(shown => workCount(destination, shown)),
    oldestMs === null ? NOT_KNOWN : formatMs(oldestMs),
  ];
}
