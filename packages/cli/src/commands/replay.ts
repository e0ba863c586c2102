import { AppError } from '@ackline/shared/app-error';
import { replayWithBody } from '@ackline/store/edited-body';
import { type ReplayResult, replayDelivery } from '@ackline/store/replay-delivery';
import type { Command } from 'commander';
import type { Pool } from 'pg';
import { readBodyFile } from '../body-file.ts';
import type { CommandContext } from '../command-context.ts';
import { missing, parseId } from '../delivery-id.ts';
import { operatorName } from '@ackline/runtime/operator-name';
import { addConsoleOptions, type ConsoleOptions } from '../remote/console-options.ts';
import { answerOf, ask, THE_DATABASE } from '../remote/with-console.ts';
import { registerQuarantined } from '../replay/quarantined-records.ts';
import { registerReplayJobs } from '../replay/replay-jobs.ts';

export function registerReplay(program: Command, context: CommandContext): void {
  const command = program
    .command('replay')
    .description('Send a parked, delivered or discarded delivery again, or all that a filter names')
    .argument('<delivery-id>', 'from `ackline park` or `ackline events`', parseId)
    .option(
      '--edit <file>',
      'with this body from now on, `-` for standard input; the event stays as it came',
    );
  addConsoleOptions(command, THE_DATABASE)
    .addHelpText(
      'after',
      '\nExample:\n  $ ackline replay 019ab2c4-7d10-7000-8000-000000000000\n  $ ackline replay start --cause "crm 503"\n  $ ackline replay list',
    )
    .action(async (id: string, options: ReplayOptions) => {
      context.terminal.line(describeReplay(id, await replayOne(context, id, options)));
    });
  registerReplayJobs(command, context);
  registerQuarantined(command, context);
}

interface ReplayOptions extends ConsoleOptions {
  readonly edit?: string;
}

type Replayed = Exclude<ReplayResult, { kind: 'not-found' }>;

async function replayOne(
  context: CommandContext,
  id: string,
  { edit, ...console }: ReplayOptions,
): Promise<Replayed> {
  const body = edit === undefined ? null : await readBodyFile(edit, context);
  return ask<Replayed>(context, console, {
    async database(pool) {
      const replayed = await (body === null
        ? replayDelivery(pool, id, operatorName())
        : replayWith(pool, id, body));
      if (replayed.kind === 'not-found') throw await missing(pool, 'delivery', id);
      return replayed;
    },
    async console(client) {
      const params = { path: { id } };
      const { destination, state } = await answerOf(client.GET('/api/v1/deliveries/{id}', { params }));
      if (state === 'waiting' || state === 'due' || state === 'leased') return { kind: 'still-open', state };
      await answerOf(
        body === null
          ? client.POST('/api/v1/deliveries/{id}/replay', { params })
          : client.POST('/api/v1/deliveries/{id}/replay-edited', {
              params,
              body: { bodyBase64: body.toString('base64') },
            }),
      );
      return { kind: 'replayed', destination, before: state };
    },
  });
}

async function replayWith(pool: Pool, id: string, body: Buffer): Promise<ReplayResult> {
  const result = await replayWithBody(pool, id, { actor: operatorName(), body });
  if (result.kind === 'unfit') throw new AppError('ACKLINE_USAGE', result.problem);
  return result;
}

export function describeReplay(id: string, result: Replayed): string {
  switch (result.kind) {
    case 'replayed':
      return `${id} is sent to ${result.destination} again, with a new retry schedule.`;
    case 'still-open':
      return `${id} is not finished yet (${result.state}): Ackline tries it by itself.`;
    default: {
      const never: never = result;
      return never;
    }
  }
}
