import { type AuditRecord, listAudit } from '@ackline/store/audit';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { wholeNumber } from '../options.ts';
import { shortTime } from '../output/short-time.ts';
import { formatTable } from '../output/text-table.ts';
import { addConsoleOptions, type ConsoleOptions } from '../remote/console-options.ts';
import { answerOf, ask, firstOf, THE_DATABASE } from '../remote/with-console.ts';

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 1_000;

interface AuditOptions extends ConsoleOptions {
  readonly limit: number;
  readonly json?: true;
}

export function registerAudit(program: Command, context: CommandContext): void {
  const command = program
    .command('audit')
    .description('List who paused, resumed, replayed, discarded and cleared what, the newest first')
    .option('-n, --limit <number>', 'how many', wholeNumber(1, MAX_LIMIT), DEFAULT_LIMIT)
    .option('--json', 'one JSON document per line');
  addConsoleOptions(command, THE_DATABASE)
    .addHelpText('after', '\nExample:\n  $ ackline audit --limit 10')
    .action(async (options: AuditOptions) => {
      const { limit } = options;
      const records = await ask<readonly AuditRecord[]>(context, options, {
        database: pool => listAudit(pool, { limit }),
        console: async client => {
          const found = await firstOf(limit, query =>
            answerOf(client.GET('/api/v1/audit', { params: { query } })),
          );
          return found.map(record => ({ ...record, at: new Date(record.at) }));
        },
      });
      if (options.json === true) for (const record of records) context.terminal.line(auditJson(record));
      else context.terminal.line(formatAudit(records));
    });
}

/** One line; the field names are API. Times are ISO, UTC. */
export function auditJson({ id, at, actor, action, subject, details }: AuditRecord): string {
  return JSON.stringify({ id, at: at.toISOString(), actor, action, subject, details });
}

export function formatAudit(records: readonly AuditRecord[]): string {
  if (records.length === 0) return 'Nothing was paused, resumed, replayed, discarded or cleared yet.';
  return formatTable(
    ['TIME', 'ACTOR', 'ACTION', 'SUBJECT', 'DETAILS'],
    records.map(record => [
      shortTime(record.at),
      record.actor,
      record.action,
      record.subject,
      Object.entries(record.details)
        .map(([name, value]) => `${name}: ${value}`)
        .join(', '),
    ]),
  );
}
