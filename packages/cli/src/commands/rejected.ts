import { listRejections, type ListedRejection } from '@ackline/store/rejections';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { wholeNumber } from '../options.ts';
import { programName } from '../output/program-name.ts';
import { shortTime } from '../output/short-time.ts';
import { formatTable } from '../output/text-table.ts';
import { rejectionJson } from '../rejections/rejection-json.ts';
import { shownRejection } from '../rejections/shown-rejection.ts';
import { addConsoleOptions, type ConsoleOptions } from '../remote/console-options.ts';
import { answerOf, ask, firstOf, THE_DATABASE } from '../remote/with-console.ts';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 1_000;

interface RejectedOptions extends ConsoleOptions {
  readonly limit: number;
  readonly source?: string;
  readonly json?: true;
}

export function registerRejected(program: Command, context: CommandContext): void {
  const command = program
    .command('rejected')
    .description('List requests that were refused, with what would have been right, the newest first')
    .option('-n, --limit <number>', 'how many', wholeNumber(1, MAX_LIMIT), DEFAULT_LIMIT)
    .option('-s, --source <name>', 'only of this source')
    .option('--json', 'one JSON document per line');
  addConsoleOptions(command, THE_DATABASE)
    .addHelpText(
      'after',
      '\nOf each source the first of a minute are kept, while PostgreSQL answers; all are counted in the metrics.' +
        '\n\nExample:\n  $ ackline rejected --source whatsapp\n  $ ackline doctor signature <request id>',
    )
    .action(async ({ limit, source, json, ...options }: RejectedOptions) => {
      const found = await ask<readonly ListedRejection[]>(context, options, {
        database: pool => listRejections(pool, { limit, source: source ?? null }),
        async console(client) {
          const ofSource = source === undefined ? {} : { source };
          const items = await firstOf(limit, page =>
            answerOf(client.GET('/api/v1/rejected', { params: { query: { ...page, ...ofSource } } })),
          );
          return items.map(shownRejection);
        },
      });
      if (json === true) for (const request of found) context.terminal.line(rejectionJson(request));
      else context.terminal.line(formatRejected(found, source));
    });
}

function formatRejected(requests: readonly ListedRejection[], source?: string): string {
  if (requests.length === 0)
    return `No refused request${source === undefined ? '' : ` of source ${source}`} is kept.`;
  const table = formatTable(
    ['REFUSED', 'SOURCE', 'REASON', 'REQUEST', 'DIAGNOSIS'],
    requests.map(({ rejectedAt, source: name, reason, requestId, diagnosis, what }) => [
      shortTime(rejectedAt),
      name,
      reason,
      requestId,
      `${diagnosis}: ${what}`,
    ]),
    { whole: ['DIAGNOSIS'] },
  );
  return `${table}\n\nWhat to do: ${programName()} doctor signature <request>`;
}
