import { AppError } from '@ackline/shared/app-error';
import { MAX_RATE_PER_S, type Replay } from '@ackline/store/replays';
import { type Command, InvalidArgumentError } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { positiveNumber, wholeNumber } from '../options.ts';
import { isAgreed } from '../output/confirm.ts';
import { programName } from '../output/program-name.ts';
import { formatCount } from '../output/units.ts';
import { addConsoleOptions, type ConsoleOptions } from '../remote/console-options.ts';
import { THE_DATABASE } from '../remote/with-console.ts';
import { addFilterOptions, type FilterOptions, readFilter } from './filter-options.ts';
import { describeAnnounced, formatReplays, formatStatus, replayJson } from './format.ts';
import { type PersonsChange, type ReplayWays, withReplays } from './replay-ways.ts';

/** Little beside live work. */
export const DEFAULT_RATE_PER_S = 50;
const DEFAULT_TRICKLE = 5;
/** As many as are ever under way of one replay. */
const MAX_TRICKLE = 100;
const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 1_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface ShownOptions extends ConsoleOptions {
  readonly json?: true;
}

interface StartOptions extends FilterOptions, ConsoleOptions {
  readonly rate: number;
  readonly trickle: number;
  readonly yes?: true;
}

/** The commands that replay many deliveries, below `replay`. */
export function registerReplayJobs(replay: Command, context: CommandContext): void {
  registerStart(replay, context);
  registerList(replay, context);
  registerStatus(replay, context);
  registerChange(replay, context, {
    change: 'cancel',
    description: 'End a replay: what is left of it stays as it is',
    done: ({ id, left }) => `${id} is cancelled. ${formatCount(left)} are left as they were.`,
  });
  registerChange(replay, context, {
    change: 'continue',
    description: 'Go on with a replay whose trickle failed, with a new trickle',
    done: ({ id, left }) => `${id} goes on with the ${formatCount(left)} that are left.`,
  });
}

function registerStart(replay: Command, context: CommandContext): void {
  const command = replay
    .command('start')
    .description(
      'Send all deliveries that a filter names again: they are counted first, and a few go before the others',
    );
  addFilterOptions(command, Date.now)
    .option('--rate <number>', 'so many a second', positiveNumber(MAX_RATE_PER_S), DEFAULT_RATE_PER_S)
    .option('--trickle <number>', 'so many go first', wholeNumber(1, MAX_TRICKLE), DEFAULT_TRICKLE)
    .option('-y, --yes', 'start without asking');
  addConsoleOptions(command, THE_DATABASE)
    .addHelpText(
      'after',
      '\nExample:\n  $ ackline replay start --cause "crm 503" --rate 20\n  $ ackline replay start --destination crm --state delivered --since 2h --yes',
    )
    .action((options: StartOptions) =>
      withReplays(context, options, replays => start(replays, options, context)),
    );
}

async function start(replays: ReplayWays, options: StartOptions, context: CommandContext): Promise<void> {
  const { terminal } = context;
  const filter = readFilter(options);
  const replay = await replays.announce(
    { filter, ratePerS: options.rate, trickle: options.trickle },
    counted => terminal.progress(`${formatCount(counted)} counted`),
  );
  if (replay === null)
    throw new AppError('ACKLINE_NOT_FOUND', `No ${filter.state} delivery is of this filter`);
  const { id } = replay;
  if (replay.state === 'cancelled') {
    throw new AppError(
      'ACKLINE_USAGE',
      `Nothing is sent: the replay ${id} was cancelled while it was counted`,
    );
  }
  terminal.line(describeAnnounced(replay));
  let isWanted = false;
  try {
    isWanted = await isAgreed(context, {
      yes: options.yes === true,
      question: 'Start?',
      otherwise: 'Nothing is sent',
    });
  } finally {
    if (!isWanted) await replays.change(id, 'cancel');
  }
  if (!isWanted) return;
  await replays.change(id, 'start');
  terminal.line(`${id} is started. See how it goes: ${programName()} replay status ${id}`);
}

function registerList(replay: Command, context: CommandContext): void {
  const command = replay
    .command('list')
    .description('List replays that a filter began, the newest first')
    .option('-n, --limit <number>', 'how many', wholeNumber(1, MAX_LIMIT), DEFAULT_LIMIT)
    .option('--json', 'one JSON document per line');
  addConsoleOptions(command, THE_DATABASE)
    .addHelpText('after', '\nExample:\n  $ ackline replay list')
    .action(async ({ limit, json, ...options }: ShownOptions & { limit: number }) => {
      const replays = await withReplays(context, options, ways => ways.list(limit));
      if (json === true) for (const one of replays) context.terminal.line(replayJson(one));
      else context.terminal.line(formatReplays(replays));
    });
}

function registerStatus(replay: Command, context: CommandContext): void {
  const command = replay
    .command('status')
    .description('Show how far a replay is')
    .argument('<replay-id>', 'from `ackline replay list`', parseReplayId)
    .option('--json', 'as a JSON document');
  addConsoleOptions(command, THE_DATABASE)
    .addHelpText('after', '\nExample:\n  $ ackline replay status 019ab2c4-7d10-7000-8000-000000000000')
    .action(async (id: string, { json, ...options }: ShownOptions) => {
      const found = await withReplays(context, options, ways => ways.read(id));
      context.terminal.line(json === true ? replayJson(found) : formatStatus(found));
    });
}

interface ChangeCommand {
  readonly change: Exclude<PersonsChange, 'start'>;
  readonly description: string;
  readonly done: (replay: Replay) => string;
}

function registerChange(
  replay: Command,
  context: CommandContext,
  { change, description, done }: ChangeCommand,
): void {
  const command = replay
    .command(change)
    .description(description)
    .argument('<replay-id>', 'from `ackline replay list`', parseReplayId);
  addConsoleOptions(command, THE_DATABASE)
    .addHelpText('after', `\nExample:\n  $ ackline replay ${change} 019ab2c4-7d10-7000-8000-000000000000`)
    .action(async (id: string, options: ConsoleOptions) => {
      const changed = await withReplays(context, options, replays => replays.change(id, change));
      context.terminal.line(done(changed));
    });
}

function parseReplayId(text: string): string {
  if (!UUID.test(text)) throw new InvalidArgumentError('It must be the id of a replay.');
  return text;
}
