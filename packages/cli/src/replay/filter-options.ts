import { AppError } from '@ackline/shared/app-error';
import type { ReplayFilter } from '@ackline/store/replays';
import { type Command, InvalidArgumentError, Option } from 'commander';

const MS_PER_UNIT = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const AGO = /^(\d{1,6})([smhd])$/;
/** With the zone: what is meant by a time without one differs from machine to machine. */
const ISO_TIME = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2}))?$/;
/** Nothing was parked or finished before it: an earlier time is a slip, and PostgreSQL can not read those of before year 1. */
const EARLIEST_MS = Date.UTC(2000, 0);

export interface FilterOptions {
  readonly cause?: string;
  readonly destination?: string;
  readonly route?: string;
  readonly source?: string;
  readonly tenant?: string;
  readonly state: ReplayFilter['state'];
  readonly since?: string;
  readonly until?: string;
}

/** The options that say which deliveries are meant. */
export function addFilterOptions(command: Command, now: () => number): Command {
  const state = new Option('--state <state>', 'what they are now')
    .choices(['parked', 'delivered', 'discarded'])
    .default('parked');
  const time = pastTime(now);
  return command
    .option('-c, --cause <text>', 'parked for this cause, as `ackline park` lists it')
    .option('-d, --destination <name>', 'of this destination')
    .option('-r, --route <name>', 'of this route')
    .option('-s, --source <name>', 'of events of this source')
    .option('-t, --tenant <name>', 'of events of this tenant')
    .addOption(state)
    .option('--since <time>', 'parked or finished since then: 30m, 2h, 7d ago, or 2026-11-22T19:00:00Z', time)
    .option('--until <time>', 'parked or finished until then', time);
}

/** Throws ACKLINE_USAGE where nothing is named, or what does not go together. */
export function readFilter(options: FilterOptions): ReplayFilter {
  const { state, ...named } = options;
  const given = Object.entries(named).filter(([name]) => FILTERS.has(name));
  if (given.length === 0) {
    throw new AppError(
      'ACKLINE_USAGE',
      'Say which deliveries are to be sent: --cause, --destination, --route, --source, --tenant, --since or --until',
    );
  }
  if (options.cause !== undefined && state !== 'parked') {
    throw new AppError(
      'ACKLINE_USAGE',
      `Only what is parked has a cause: leave out --cause, or --state ${state}`,
    );
  }
  if (options.since !== undefined && options.until !== undefined && options.since > options.until) {
    throw new AppError('ACKLINE_USAGE', '--since is later than --until');
  }
  return { state, ...Object.fromEntries(given) };
}

const FILTERS: ReadonlySet<string> = new Set([
  'cause',
  'destination',
  'route',
  'source',
  'tenant',
  'since',
  'until',
]);

/** A parser of commander: "2h" ago, or an ISO time; gives an ISO time, UTC, that has been. */
function pastTime(now: () => number): (text: string) => string {
  return text => {
    const [, count, unit] = AGO.exec(text) ?? [];
    const time = isUnit(unit) ? now() - Number(count) * MS_PER_UNIT[unit] : isoTime(text);
    if (Number.isNaN(time)) {
      throw new InvalidArgumentError(
        'It must be an age such as 30m, 2h or 7d, or a time such as 2026-11-22T19:00:00Z.',
      );
    }
    if (time < EARLIEST_MS) throw new InvalidArgumentError('It is before the year 2000.');
    if (time > now()) throw new InvalidArgumentError('It is still to come.');
    return new Date(time).toISOString();
  };
}

/** NaN: it is none. `Date.parse` alone takes 30 February for 2 March. */
function isoTime(text: string): number {
  const day = ISO_TIME.exec(text)?.[1];
  const dayMs = day === undefined ? Number.NaN : Date.parse(day);
  const isDay = !Number.isNaN(dayMs) && new Date(dayMs).toISOString().startsWith(`${day}T`);
  return isDay ? Date.parse(text) : Number.NaN;
}

function isUnit(text: string | undefined): text is keyof typeof MS_PER_UNIT {
  return text !== undefined && text in MS_PER_UNIT;
}
