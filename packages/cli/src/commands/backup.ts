import { resolve } from 'node:path';
import { checkSchema } from '@ackline/store/migrate';
import type { Command } from 'commander';
import { withBackupDatabase } from '../backup/backup-database.ts';
import { writeBackupFile } from '../backup/backup-file.ts';
import { type SnapshotProgress, takeSnapshot } from '../backup/take-snapshot.ts';
import type { CommandContext } from '../command-context.ts';
import { formatBytes, formatCount, plural } from '../output/units.ts';

export function registerBackup(program: Command, context: CommandContext): void {
  program
    .command('backup')
    .description('Write one consistent snapshot of everything stored to a file; services may go on working')
    .argument('<file>', 'replaced once the new one is complete; readable by its owner only')
    .addHelpText('after', '\nExample:\n  $ ackline backup /var/backups/ackline-monday.backup')
    .action(async (file: string) => {
      const { terminal } = context;
      const path = resolve(context.workingDirectory, file);
      let rows = 0;
      const size = await withBackupDatabase(
        context.config(),
        { create: false, log: terminal.note },
        async client => {
          await checkSchema(client, { exact: true });
          const records = takeSnapshot(client, progress => {
            rows = progress.rows;
            terminal.progress(formatProgress(progress));
          });
          return writeBackupFile(path, records);
        },
      );
      terminal.line(`Wrote ${path}: ${plural(rows, 'row')}, ${formatBytes(size)}.`);
    });
}

export function formatProgress({ table, rows, bytes }: SnapshotProgress): string {
  return `${table} … ${formatCount(rows)} rows, ${formatBytes(bytes)} so far`;
}
