import { readFigures } from '@ackline/store/processors';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { withDatabase } from '../database.ts';
import { wholeNumber } from '../options.ts';
import { performanceOf } from '../perf/performance.ts';
import { performanceText } from '../perf/performance-text.ts';

const DEFAULT_SLOWEST = 10;

interface PerfOptions {
  readonly slowest: number;
  readonly json?: true;
}

export function registerPerf(program: Command, context: CommandContext): void {
  program
    .command('perf')
    .description('Show what handlers cost: times, errors, memory, the slowest calls and bottlenecks')
    .option(
      '--slowest <number>',
      'how many of the slowest calls',
      wholeNumber(0, DEFAULT_SLOWEST),
      DEFAULT_SLOWEST,
    )
    .option('--json', 'one JSON document')
    .addHelpText(
      'after',
      '\nExample:\n  $ ackline perf\n  $ DATABASE_URL=postgres://… ackline perf --json    of all processors of a cluster',
    )
    .action(async ({ slowest, json }: PerfOptions) => {
      const written = await withDatabase(context.config(), readFigures);
      const performance = performanceOf(written, slowest);
      context.terminal.line(
        json === true ? JSON.stringify(performance) : performanceText(performance, slowest),
      );
    });
}
