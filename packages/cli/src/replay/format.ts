import { MAX_COUNTED, type Replay, type ReplayFilter, type ReplayProgress } from '@ackline/store/replays';
import { programName } from '../output/program-name.ts';
import { shortTime } from '../output/short-time.ts';
import { printable } from '@ackline/shared/printable';
import { formatTable } from '../output/text-table.ts';
import { formatCount, formatMs, plural } from '../output/units.ts';

/** "12 parked deliveries with the cause "crm 503", to crm". */
export function describeWork(count: number, filter: ReplayFilter): string {
  const { cause, destination, route, source, tenant, since, until } = filter;
  const parts = [
    ...(cause === undefined ? [] : [`with the cause ${JSON.stringify(cause)}`]),
    ...(destination === undefined ? [] : [`to ${destination}`]),
    ...(route === undefined ? [] : [`by the route ${route}`]),
    ...(source === undefined ? [] : [`of the source ${source}`]),
    ...(tenant === undefined ? [] : [`of the tenant ${tenant}`]),
    ...(since === undefined ? [] : [`since ${shortTime(new Date(since))}`]),
    ...(until === undefined ? [] : [`until ${shortTime(new Date(until))}`]),
  ];
  const what = plural(count, `${filter.state} delivery`, `${filter.state} deliveries`);
  return printable(parts.length === 0 ? what : `${what} ${parts.join(', ')}`);
}

/** Where its destinations keep up with its rate. */
function expectedTime(count: number, ratePerS: number): string {
  return formatMs((count / ratePerS) * 1_000);
}

/** What is said before anything is sent. */
export function describeAnnounced(replay: Replay): string {
  const { counted, ratePerS, trickle, filter } = replay;
  const first = Math.min(counted, trickle);
  const rest =
    first === counted ? '' : `; ${formatCount(first)} go first, the others when these have arrived`;
  const time = expectedTime(counted, ratePerS);
  return `${describeWork(counted, filter)}, at ${ratePerS} a second: about ${time}${rest}.`;
}

export function formatReplays(replays: readonly Replay[]): string {
  if (replays.length === 0) return 'Nothing was replayed by a filter yet.';
  return formatTable(
    ['CREATED', 'BY', 'STATE', 'COUNTED', 'RELEASED', 'SKIPPED', 'LEFT', 'REPLAY'],
    replays.map(replay => [
      shortTime(replay.createdAt),
      replay.createdBy,
      describeState(replay),
      formatCount(replay.counted),
      formatCount(replay.released),
      formatCount(replay.skipped),
      formatCount(replay.left),
      replay.id,
    ]),
  );
}

function describeState({ state, reason }: Replay): string {
  return reason === null ? state : `${state}: ${printable(reason)}`;
}

export function formatStatus(replay: ReplayProgress): string {
  const { counted, skipped, left, ratePerS } = replay;
  const isWaiting = replay.state === 'trickle' || replay.state === 'running' || replay.state === 'stopped';
  const rest = isWaiting && left > 0 ? `, at ${ratePerS} a second about ${expectedTime(left, ratePerS)}` : '';
  const lines = [
    `Replay ${replay.id}, by ${printable(replay.createdBy)} at ${shortTime(replay.createdAt)}: ${describeState(replay)}`,
    `  counted   ${describeWork(counted, replay.filter)}`,
    `  released  ${describeReleased(replay)}`,
    `  skipped   ${formatCount(skipped)}, no longer as they were counted`,
    `  left      ${formatCount(left)}${rest}`,
  ];
  const next = nextCommand(replay);
  return [...lines, ...(next === null ? [] : [next])].join('\n');
}

/** What became of each. */
function describeReleased(replay: ReplayProgress): string {
  const { released, open, retrying, parkedAgain, delivered, discarded } = replay;
  const isCut = parkedAgain === MAX_COUNTED;
  const elsewhere = isCut ? 0 : released - delivered - open - parkedAgain - discarded;
  const parts = [
    `${formatCount(delivered)} delivered`,
    `${formatCount(open - retrying)} under way`,
    `${formatCount(retrying)} failed and tried again`,
    `${formatCount(parkedAgain)}${isCut ? ' or more' : ''} parked again`,
    `${formatCount(discarded)} discarded`,
    // Another replay took them over since, or they ended under a release that did not count.
    ...(elsewhere > 0 ? [`${formatCount(elsewhere)} not known`] : []),
  ];
  return `${formatCount(released)}: ${parts.join(', ')}`;
}

function nextCommand({ id, state }: Replay): string | null {
  if (state !== 'stopped') return null;
  return `Its trickle did not arrive. Repair the destination, then: ${programName()} replay continue ${id}`;
}

/** One line; the field names are API. Times are ISO, UTC. */
export function replayJson(replay: Replay | ReplayProgress): string {
  return JSON.stringify({
    ...replay,
    createdAt: replay.createdAt.toISOString(),
    changedAt: replay.changedAt.toISOString(),
    finishedAt: replay.finishedAt?.toISOString() ?? null,
  });
}
