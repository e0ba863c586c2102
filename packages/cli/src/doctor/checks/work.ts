import { readDestinationStates, shownStatus } from '@ackline/store/destination-states';
import { listPausedDestinations } from '@ackline/store/destinations';
import { isAlive, type ProcessorState, readProcessorStates } from '@ackline/store/processors';
import {
  countInbox,
  countWork,
  type OpenWork,
  type Waiting,
  type WorkCounts,
} from '@ackline/store/work-figures';
import type { Pool } from 'pg';
import { shortTime } from '../../output/short-time.ts';
import { printable } from '@ackline/shared/printable';
import { formatCount, formatMs, plural } from '../../output/units.ts';
import { type Examination, finding } from '../examination.ts';
import { type Examined, type Finding, only } from '../finding.ts';

/** A processor takes an event within some milliseconds; after a minute it does not, or not fast enough. */
const LATE_INTAKE_MS = 60_000;
/** Without a hold a delivery goes out at once, or by its retry schedule, whose first waits are shorter. */
const LATE_DELIVERY_S = 600;
/** As many causes as a person looks at; the rest is counted. */
const MAX_CAUSES = 10;

interface Work {
  readonly counts: WorkCounts;
  readonly inbox: Waiting;
  readonly processors: readonly ProcessorState[];
  /** Whose work waits for a reason that has a finding of its own. */
  readonly held: ReadonlySet<string>;
  readonly configured: ReadonlySet<string> | null;
}

/** What waits, what was given up, and what holds it. */
export async function examineWork({ acklineConfig }: Examination, pool: Pool): Promise<Examined> {
  const names = acklineConfig?.destinations.map(({ name }) => name) ?? null;
  const counts = await countWork(pool, names ?? []);
  const known = [...new Set([...(names ?? []), ...counts.open.map(({ destination }) => destination)])];
  const states = await readDestinationStates(pool, known);
  const paused = await listPausedDestinations(pool);
  const broken = states.filter(state => shownStatus(state) === 'OPEN');
  const work: Work = {
    counts,
    inbox: await countInbox(pool),
    processors: (await readProcessorStates(pool)).filter(isAlive),
    held: new Set([...paused, ...broken].map(({ name }) => name)),
    configured: names === null ? null : new Set(names),
  };
  return only([
    ...intakeFindings(work),
    ...broken.map(({ name, failures }) =>
      finding(
        'breaker-open',
        `destination ${name}`,
        `its circuit breaker is open after ${plural(failures, 'failure')}`,
      ),
    ),
    ...paused.map(({ name, reason, pausedAt }) =>
      finding(
        'destination-paused',
        `destination ${name}`,
        `it is paused since ${shortTime(pausedAt)}: ${printable(reason)}`,
      ),
    ),
    ...openFindings(work),
    ...givenUpFindings(work),
    ...work.processors.flatMap(processorFindings),
  ]);
}

function intakeFindings({ counts, inbox, processors }: Work): readonly Finding[] {
  const waiting = inbox.count + counts.open.reduce((sum, { count }) => sum + count, 0);
  const lateMs = (inbox.oldestS ?? 0) * 1_000;
  return [
    ...(processors.length === 0 && waiting > 0
      ? [
          finding(
            'processor-missing',
            null,
            `no processor runs, and ${formatCount(waiting)} pieces of work wait`,
          ),
        ]
      : []),
    ...(processors.length > 0 && lateMs > LATE_INTAKE_MS
      ? [
          finding(
            'intake-late',
            'inbox',
            `${plural(inbox.count, 'event')} wait to be stored, the oldest for ${formatMs(lateMs)}`,
          ),
        ]
      : []),
    ...lateKafka(processors),
  ];
}

/** Of what a processor says of itself; another release may say it otherwise, or not. */
function lateKafka(processors: readonly ProcessorState[]): readonly Finding[] {
  const since = processors.flatMap(({ state }) => numberAt(state, ['intake', 'kafka', 'lagSince']) ?? []);
  const lag = processors.reduce(
    (sum, { state }) => sum + (numberAt(state, ['intake', 'kafka', 'lag']) ?? 0),
    0,
  );
  const oldestMs = since.length === 0 ? 0 : Date.now() - Math.min(...since);
  if (lag === 0 || oldestMs <= LATE_INTAKE_MS) return [];
  return [
    finding(
      'intake-late',
      'Kafka',
      `${plural(lag, 'record')} wait to be stored, the oldest for ${formatMs(oldestMs)}`,
    ),
  ];
}

function openFindings({ counts, held, configured }: Work): readonly Finding[] {
  const byName = new Map<string, OpenWork[]>();
  for (const row of counts.open) byName.set(row.destination, [...(byName.get(row.destination) ?? []), row]);
  return [...byName].flatMap(([name, rows]) => {
    const subject = `destination ${name}`;
    const count = rows.reduce((sum, row) => sum + row.count, 0);
    if (configured !== null && !configured.has(name)) {
      return [
        finding(
          'work-unconfigured',
          subject,
          `${countOf(count, rows)} are open for it, and the file does not name it`,
        ),
      ];
    }
    const oldestS = Math.max(0, ...rows.map(row => (row.state === 'due' ? (row.oldestS ?? 0) : 0)));
    if (held.has(name) || oldestS < LATE_DELIVERY_S) return [];
    return [
      finding(
        'delivery-late',
        subject,
        `${countOf(count, rows)} are open, the oldest for ${formatMs(oldestS * 1_000)}`,
      ),
    ];
  });
}

function countOf(count: number, rows: readonly OpenWork[]): string {
  const more = rows.some(({ hasMore }) => hasMore) ? ' and more' : '';
  return count === 1 && more === '' ? '1 delivery' : `${formatCount(count)}${more} deliveries`;
}

function givenUpFindings({ counts }: Work): readonly Finding[] {
  const { parked, quarantined, unrouted } = counts;
  const rest = parked.slice(MAX_CAUSES);
  return [
    ...parked
      .slice(0, MAX_CAUSES)
      .map(({ destination, cause, count, hasMore }) =>
        finding(
          'work-parked',
          `destination ${destination}`,
          `${formatCount(count)}${hasMore ? ' and more' : ''} parked with the cause "${printable(cause)}"`,
        ),
      ),
    ...(rest.length === 0
      ? []
      : [finding('work-parked', null, `${plural(rest.length, 'cause')} more, see \`ackline park\``)]),
    ...(quarantined === 0
      ? []
      : [finding('record-quarantined', null, `${plural(quarantined, 'record')} could not be stored`)]),
    ...(unrouted.count === 0
      ? []
      : [
          finding(
            'event-unrouted',
            null,
            `${plural(unrouted.count, 'event')} of a source that no processor knows, the oldest for ${formatMs((unrouted.oldestS ?? 0) * 1_000)}`,
          ),
        ]),
  ];
}

function processorFindings({ id, state }: ProcessorState): readonly Finding[] {
  const error = valueAt(state, ['config', 'error']);
  const stuck = valueAt(state, ['stuckDay']);
  const subject = `processor ${printable(id)}`;
  return [
    ...(typeof error === 'string'
      ? [finding('config-refused', subject, `it refused the file (${printable(error)})`)]
      : []),
    ...(stuck === null || stuck === undefined
      ? []
      : [finding('retention-stuck', subject, 'it could not drop a day that is over')]),
  ];
}

function numberAt(state: unknown, path: readonly string[]): number | null {
  const value = valueAt(state, path);
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function valueAt(state: unknown, path: readonly string[]): unknown {
  let value = state;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !(key in value)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
