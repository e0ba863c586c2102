import { resolve } from 'node:path';
import { checkSchema } from '@ackline/store/migrate';
import type { Command } from 'commander';
import { withBackupDatabase } from '../backup/backup-database.ts';
import { readBackupFile } from '../backup/backup-file.ts';
import { inspectBackup, loadSnapshot } from '../backup/load-snapshot.ts';
import type { CommandContext } from '../command-context.ts';
import { formatTable } from '../output/text-table.ts';
import { formatCount } from '../output/units.ts';
import { formatProgress } from './backup.ts';

export function registerRestore(program: Command, context: CommandContext): void {
  program
    .command('restore')
    .description('Load a backup into an empty database while no service runs; all of it or nothing')
    .argument('<file>', 'what `ackline backup` wrote, of the same schema version')
    .addHelpText(
      'after',
      '\nExample:\n  $ ACKLINE_DATA_DIR=.ackline-new ackline restore ackline-monday.backup',
    )
    .action(async (file: string) => {
      const { terminal } = context;
      const path = resolve(context.workingDirectory, file);
      const header = await inspectBackup(readBackupFile(path));
      terminal.note(
        `${path} is complete: schema version ${header.schemaVersion}, taken ${header.createdAt}.`,
      );
      const loaded = await withBackupDatabase(
        context.config(),
        { create: true, log: terminal.note },
        async client => {
          await checkSchema(client);
          const tables = await loadSnapshot(client, readBackupFile(path), progress =>
            terminal.progress(formatProgress(progress)),
          );
          await client.query('analyze');
          return tables;
        },
      );
      terminal.line(
        formatTable(
          ['TABLE', 'ROWS'],
          loaded.map(table => [table.name, formatCount(table.rows)]),
        ),
      );
    });
}
