import { migrate } from '@ackline/store/migrate';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { findDatabaseUrl } from '../database.ts';

export function registerMigrate(program: Command, context: CommandContext): void {
  program
    .command('migrate')
    .description('Bring the database schema to this release (`ackline up` does it by itself)')
    .addHelpText('after', '\nExample:\n  $ DATABASE_URL=postgres://… ackline migrate')
    .action(async () => {
      await migrate(await findDatabaseUrl(context.config()));
      context.terminal.line('The schema is at the version of this release.');
    });
}
