import { AppError } from '@ackline/shared/app-error';
import { discardCause, discardDelivery } from '@ackline/store/discard';
import { countCause } from '@ackline/store/parked-causes';
import type { Command } from 'commander';
import type { Pool } from 'pg';
import type { CommandContext } from '../command-context.ts';
import { withDatabase } from '../database.ts';
import { missing, parseId } from '../delivery-id.ts';
import { operatorName } from '@ackline/runtime/operator-name';
import { isAgreed } from '../output/confirm.ts';
import { formatCount, plural } from '../output/units.ts';
import { addConsoleOptions, type ConsoleOptions } from '../remote/console-options.ts';
import { answerOf, isRemote, THE_DATABASE, withConsole } from '../remote/with-console.ts';
import { PARKED_LIMIT_MS } from './park.ts';

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
      if (isRemote(options)) return discardRemote(context, id, options);
      await withDatabase(
        context.config(),
        async pool => {
          if (id !== undefined) await discardOne(pool, id, context);
          if (cause !== undefined) await discardAll(pool, { ...options, cause }, context);
        },
        { limitMs: PARKED_LIMIT_MS },
      );
    });
}

async function discardRemote(
  context: CommandContext,
  id: string | undefined,
  options: ConsoleOptions,
): Promise<void> {
  if (id === undefined)
    throw new AppError('ACKLINE_USAGE', 'A console has no call for --cause: run it where the database is');
  await withConsole(context, options, client =>
    answerOf(client.POST('/api/v1/deliveries/{id}/discard', { params: { path: { id } } })),
  );
  context.terminal.line(describeDiscarded(id));
}

const describeDiscarded = (id: string) => `${id} is discarded.`;

async function discardOne(pool: Pool, id: string, { terminal }: CommandContext): Promise<void> {
  if (!(await discardDelivery(pool, id, operatorName()))) throw await missing(pool, 'parked delivery', id);
  terminal.line(describeDiscarded(id));
}

async function discardAll(
  pool: Pool,
  { cause, yes }: DiscardOptions & { cause: string },
  context: CommandContext,
): Promise<void> {
  const { terminal } = context;
  const { count, countedAt } = await countCause(pool, cause);
  const name = JSON.stringify(cause);
  if (count === 0) throw new AppError('ACKLINE_NOT_FOUND', `Nothing is parked with the cause ${name}`);
  const deliveries = plural(count, 'delivery', 'deliveries');
  terminal.line(`${deliveries} parked with the cause ${name}.`);
  const agreement = { yes: yes === true, question: 'Discard them?', otherwise: 'Nothing is discarded' };
  if (!(await isAgreed(context, agreement))) return;
  const discarded = await discardCause(pool, {
    actor: operatorName(),
    cause,
    parkedUntil: countedAt,
    onProgress: soFar => terminal.progress(`${formatCount(soFar)} of ${deliveries} discarded`),
  });
  terminal.line(`${plural(discarded, 'delivery', 'deliveries')} with the cause ${name} discarded.`);
}
