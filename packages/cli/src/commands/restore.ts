import { resolve } from 'node:path';
import { checkSchema } from '@ackline/store/migrate';
import type { Command } from 'commander';
import type { Client } from 'pg';
import { withBackupDatabase } from '../backup/backup-database.ts';
import { readBackupFile } from '../backup/backup-file.ts';
import { inspectBackup, loadSnapshot } from '../backup/load-snapshot.ts';
import type { CommandContext } from '../command-context.ts';
import type { CliConfig } from '../config.ts';
import { shownPath } from '../config-file.ts';
import { formatTable } from '../output/text-table.ts';
import { formatCount, plural } from '../output/units.ts';
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
      const { loaded, open } = await withBackupDatabase(
        context.config(),
        { create: true, log: terminal.note },
        async client => {
          await checkSchema(client, { exact: true });
          const loaded = await loadSnapshot(client, readBackupFile(path), progress =>
            terminal.progress(formatProgress(progress)),
          );
          await client.query('analyze');
          return { loaded, open: await countOpen(client) };
        },
      );
      terminal.line(
        formatTable(
          ['TABLE', 'ROWS'],
          loaded.map(table => [table.name, formatCount(table.rows)]),
        ),
      );
      const waiting = loaded.find(table => table.name === 'inbox')?.rows ?? 0;
      terminal.line(describeNext(context.config(), { open, waiting }));
    });
}

async function countOpen(client: Client): Promise<number> {
  const result = await client.query<{ open: number }>(
    `select count(*)::int as open from deliveries where state not in ('parked', 'delivered', 'discarded')`,
  );
  return result.rows[0]?.open ?? 0;
}

/** A copy that is started delivers: who only wants to look at it must know. */
export function describeNext(
  { databaseUrl, dataDir, mode }: Pick<CliConfig, 'databaseUrl' | 'dataDir' | 'mode'>,
  { open, waiting }: { open: number; waiting: number },
): string {
  const start =
    databaseUrl !== null
      ? 'Start the services on this DATABASE_URL'
      : mode === 'production'
        ? `Start the service that runs on ${shownPath(dataDir)}, as \`systemctl start ackline\` does`
        : `Start it with \`ACKLINE_DATA_DIR=${shownPath(dataDir)} npm start\``;
  const inbox = waiting === 0 ? '' : ` and ${plural(waiting, 'event')} of the inbox`;
  return `\n${start}: ${plural(open, 'open delivery', 'open deliveries')}${inbox} go out then. To look without delivering: docs/operations.md, "Backup and restore".`;
}
