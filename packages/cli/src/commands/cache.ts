import {
  type CacheFigures,
  handlersOfAll,
  lookupsOf,
  readProcessorFigures,
} from '@ackline/handlers/monitoring/processor-figures';
import { AppError } from '@ackline/shared/app-error';
import { cacheKeyHash, clearCache } from '@ackline/store/cache-clears';
import { readFigures } from '@ackline/store/processors';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { readAcklineConfig } from '../config-file.ts';
import { withDatabase } from '../database.ts';
import { operatorName } from '@ackline/runtime/operator-name';
import { isAgreed } from '../output/confirm.ts';
import { formatTable } from '../output/text-table.ts';
import { formatBytes, formatCount } from '../output/units.ts';

export function registerCache(program: Command, context: CommandContext): void {
  const cache = program
    .command('cache')
    .description('Caches of handlers (`ctx.cache`): figures, and clearing; without a subcommand: figures')
    .helpCommand(false)
    .addHelpText('after', '\nExample:\n  $ ackline cache stats\n  $ ackline cache clear service-bot --yes');

  cache
    .command('stats', { isDefault: true })
    .description('Entries, hits, loads that were shared and evictions of each handler, over all processors')
    .option('--json', 'one JSON document per line')
    .addHelpText('after', '\nExample:\n  $ ackline cache stats --json')
    .action(async (options: { json?: true }) => {
      const written = await withDatabase(context.config(), readFigures);
      const rows = cacheRows(written);
      if (options.json === true) for (const row of rows) context.terminal.line(JSON.stringify(row));
      else context.terminal.line(formatCaches(rows));
    });

  cache
    .command('clear')
    .description(
      'Give out nothing any more of what a handler has cached until now, in any processor or Redis',
    )
    .argument('<destination>')
    .option('-k, --key <key>', 'this key alone, as the handler names it')
    .option('-y, --yes', 'clear all keys without asking')
    .addHelpText(
      'after',
      '\nExample:\n  $ ackline cache clear service-bot --yes\n  $ ackline cache clear service-bot --key service_categories_all_buy',
    )
    .action(async (destination: string, options: ClearOptions) => {
      await refuseUnknown(destination, context);
      const { key, yes } = options;
      const isAll = key === undefined;
      const question = `Clear all that ${destination} has cached? Its next calls load it anew`;
      const otherwise = 'Nothing is cleared';
      if (isAll && !(await isAgreed(context, { yes: yes === true, question, otherwise }))) return;
      const keyHash = isAll ? null : cacheKeyHash(key);
      const isCleared = await withDatabase(context.config(), pool =>
        clearCache(pool, { destination, keyHash, actor: operatorName() }),
      );
      if (!isCleared) {
        throw new AppError(
          'ACKLINE_USAGE',
          `1,000 keys of ${destination} were cleared one by one already: clear all of it, without --key`,
        );
      }
      context.terminal.line(
        `${isAll ? 'All keys' : 'One key'} of ${destination} cleared: within seconds each processor loads anew; one that is away hears of it once it is back.`,
      );
    });
}

interface ClearOptions {
  readonly key?: string;
  readonly yes?: true;
}

async function refuseUnknown(destination: string, context: CommandContext): Promise<void> {
  const { configFile, mode } = context.config();
  const { destinations } = await readAcklineConfig(configFile, mode);
  const known = destinations.filter(({ type }) => type === 'handler').map(({ name }) => name);
  if (known.includes(destination)) return;
  throw new AppError(
    'ACKLINE_USAGE',
    `There is no destination ${JSON.stringify(destination)} of type handler in the configuration; known: ${known.join(', ') || 'none'}`,
  );
}

/** One line of `--json`; the names are API. */
export interface CacheRow extends CacheFigures {
  readonly destination: string;
  /** Of lookups; null: there was none. */
  readonly hitRate: number | null;
}

/** Of handlers that have used their cache. */
export function cacheRows(written: readonly unknown[]): readonly CacheRow[] {
  const processors = written.flatMap(each => readProcessorFigures(each) ?? []);
  return [...handlersOfAll(processors)].flatMap(([destination, { cache }]) => {
    if (cache === null) return [];
    const { hits, misses } = lookupsOf(cache);
    const lookups = hits + misses;
    return [{ destination, hitRate: lookups === 0 ? null : hits / lookups, ...cache }];
  });
}

export function formatCaches(rows: readonly CacheRow[]): string {
  if (rows.length === 0) return 'No handler has used its cache yet.';
  return formatTable(
    [
      'DESTINATION',
      'ENTRIES',
      'BYTES',
      'HIT RATE',
      'FROM MEMORY',
      'FROM REDIS',
      'JOINED',
      'MISSES',
      'NEGATIVE',
      'EVICTED',
    ],
    rows.map(row => [
      row.destination,
      formatCount(row.entries),
      formatBytes(row.bytes),
      row.hitRate === null ? '–' : `${Math.round(row.hitRate * 100)}%`,
      formatCount(row.hits.memory),
      row.hasRedis ? formatCount(row.hits.redis) : 'no Redis',
      ...[row.joined, row.misses, row.negativeHits, row.evictions].map(formatCount),
    ]),
  );
}
