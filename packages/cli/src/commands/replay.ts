import { AppError } from '@ackline/shared/app-error';
import { type ReplayResult, replayDelivery } from '@ackline/store/parked';
import { type Command, InvalidArgumentError } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { withDatabase } from '../database.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function registerReplay(program: Command, context: CommandContext): void {
  program
    .command('replay')
    .description('Send a parked, delivered or discarded delivery again')
    .argument('<delivery-id>', 'from `ackline park` or `ackline events`', parseId)
    .addHelpText('after', '\nExample:\n  $ ackline replay 019ab2c4-7d10-7000-8000-000000000000')
    .action(async (id: string) => {
      const result = await withDatabase(context.config(), pool => replayDelivery(pool, id));
      context.terminal.line(describeReplay(id, result));
    });
}

/** For commander: the id of a delivery. */
export function parseId(text: string): string {
  if (!UUID.test(text)) throw new InvalidArgumentError('It must be the id of a delivery.');
  return text;
}

/** Throws ACKLINE_NOT_FOUND where there is nothing to replay. */
export function describeReplay(id: string, result: ReplayResult): string {
  switch (result.kind) {
    case 'replayed':
      return `${id} is sent to ${result.destination} again, with a new retry schedule.`;
    case 'still-open':
      return `${id} is not finished yet (${result.state}): Ackline tries it by itself.`;
    case 'not-found':
      throw new AppError('ACKLINE_NOT_FOUND', `There is no delivery with the id ${id}`);
    default: {
      const never: never = result;
      return never;
    }
  }
}
