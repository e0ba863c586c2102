import { discardDelivery } from '@ackline/store/parked';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { withDatabase } from '../database.ts';
import { missing, parseId } from './replay.ts';

export function registerDiscard(program: Command, context: CommandContext): void {
  program
    .command('discard')
    .description(
      'Give a parked delivery up, so that a key that waits for it goes on; it can still be replayed',
    )
    .argument('<delivery-id>', 'from `ackline park`', parseId)
    .addHelpText('after', '\nExample:\n  $ ackline discard 019ab2c4-7d10-7000-8000-000000000000')
    .action(async (id: string) => {
      await withDatabase(context.config(), async pool => {
        if (!(await discardDelivery(pool, id))) throw await missing(pool, 'parked delivery', id);
      });
      context.terminal.line(`${id} is discarded.`);
    });
}
