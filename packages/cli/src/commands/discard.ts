import { AppError } from '@ackline/shared/app-error';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { parseId } from '../delivery-id.ts';
import { isAgreed } from '../output/confirm.ts';
import { formatCount, plural } from '../output/units.ts';
import { type DiscardWays, remoteDiscards, storedDiscards } from '../park/discard-ways.ts';
import { addConsoleOptions, type ConsoleOptions } from '../remote/console-options.ts';
import { ask, THE_DATABASE } from '../remote/with-console.ts';
import { atLeast, PARKED_LIMIT_MS } from './park.ts';

interface DiscardOptions extends ConsoleOptions {
  readonly cause?: string;
  readonly yes?: true;
}

export function registerDiscard(program: Command, context: CommandContext): void {
  const command = program
    .command('discard')
    .description(
      'Give parked deliveries up, one or all of a cause, so that keys that wait for them go on; they can still be replayed',
    )
    .argument('[delivery-id]', 'from `ackline park --list`', parseId)
    .option('-c, --cause <text>', 'all of this cause, as `ackline park` lists it; they are counted first')
    .option('-y, --yes', 'with --cause: discard them without asking');
  addConsoleOptions(command, THE_DATABASE)
    .addHelpText(
      'after',
      '\nExample:\n  $ ackline discard 019ab2c4-7d10-7000-8000-000000000000\n  $ ackline discard --cause "crm 422" --yes',
    )
    .action(async (id: string | undefined, options: DiscardOptions) => {
      const { cause } = options;
      if ((id === undefined) === (cause === undefined)) {
        throw new AppError('ACKLINE_USAGE', 'Give the id of one delivery, or --cause');
      }
      await ask(context, options, {
        database: pool => discardBy(storedDiscards(pool), context, { ...options, id }),
        console: client => discardBy(remoteDiscards(client), context, { ...options, id }),
        limitMs: PARKED_LIMIT_MS,
      });
    });
}

async function discardBy(
  ways: DiscardWays,
  context: CommandContext,
  { id, cause, yes }: DiscardOptions & { readonly id: string | undefined },
): Promise<void> {
  if (id !== undefined) {
    await ways.one(id);
    context.terminal.line(`${id} is discarded.`);
  }
  if (cause !== undefined) await discardAll(ways, context, { cause, yes: yes === true });
}

async function discardAll(
  ways: DiscardWays,
  context: CommandContext,
  { cause, yes }: { readonly cause: string; readonly yes: boolean },
): Promise<void> {
  const { terminal } = context;
  const counted = await ways.count(cause);
  const name = JSON.stringify(cause);
  if (counted.count === 0)
    throw new AppError('ACKLINE_NOT_FOUND', `Nothing is parked with the cause ${name}`);
  const isOne = counted.count === 1 && !counted.hasMore;
  const deliveries = `${atLeast(counted)} ${isOne ? 'delivery' : 'deliveries'}`;
  terminal.line(`${deliveries} parked with the cause ${name}.`);
  const agreement = { yes, question: 'Discard them?', otherwise: 'Nothing is discarded' };
  if (!(await isAgreed(context, agreement))) return;
  const discarded = await ways.all(cause, counted, soFar =>
    terminal.progress(`${formatCount(soFar)} of ${deliveries} discarded`),
  );
  terminal.line(`${plural(discarded, 'delivery', 'deliveries')} with the cause ${name} discarded.`);
}
