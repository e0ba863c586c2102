import { resolve } from 'node:path';
import { AppError } from '@ackline/shared/app-error';
import type { AcklineConfig, RouteConfig } from '@ackline/shared/config/types';
import type { Command } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { describeRef, readAcklineConfig, shownPath } from '../config-file.ts';
import { formatTable } from '../output/text-table.ts';
import { plural } from '../output/units.ts';

export function registerCheck(program: Command, context: CommandContext): void {
  program
    .command('check')
    .description('Check the configuration without starting anything; exit status 1 on errors')
    .argument('[file]', 'default: ACKLINE_CONFIG, else ackline.yaml')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  $ ackline check ackline.yaml')
    .action(async (file: string | undefined, options: { json?: true }) => {
      const { terminal, workingDirectory } = context;
      const path = file === undefined ? context.config().configFile : resolve(workingDirectory, file);
      const shown = shownPath(path);
      if (options.json === true) {
        const result = await readAcklineConfig(path).then(checkedJson, failedJson);
        terminal.line(JSON.stringify({ file: shown, ...result }));
        if (!result.ok) context.setExitCode(1);
        return;
      }
      const config = await readAcklineConfig(path);
      terminal.line(formatSummary(shown, config, `http://127.0.0.1:${context.config().port.port}`));
    });
}

function checkedJson(config: AcklineConfig) {
  return {
    ok: true,
    errors: [],
    sources: config.sources.map(source => source.name),
    routes: config.routes.map(route => route.name),
    destinations: config.destinations.map(destination => destination.name),
  };
}

const PLACED_ERROR = /^(?<file>.+?):(?<line>\d+):(?<column>\d+)\s+(?<message>.*)$/;

/** Anything but errors of the configuration itself is thrown on. */
function failedJson(error: unknown) {
  if (!(error instanceof AppError) || error.code !== 'ACKLINE_CONFIG_INVALID') throw error;
  const errors = error.message.split('\n').map(line => {
    const place = PLACED_ERROR.exec(line)?.groups;
    return {
      line: place === undefined ? null : Number(place['line']),
      column: place === undefined ? null : Number(place['column']),
      message: place?.['message'] ?? line,
    };
  });
  return { ok: false, errors };
}

/** Sources with what providers call, routes, destinations, and the secrets by their places. */
export function formatSummary(fileName: string, config: AcklineConfig, localUrl: string): string {
  const { sources, routes, destinations } = config;
  const counts = [
    plural(sources.length, 'source'),
    plural(routes.length, 'route'),
    plural(destinations.length, 'destination'),
  ];
  const sections = [
    `${fileName} is correct: ${counts.join(', ')}.`,
    formatTable(
      ['SOURCE', 'PROVIDER', 'URL', 'SECRETS'],
      sources.flatMap(source =>
        [source.path, ...source.aliases].map((path, index) => [
          index === 0 ? source.name : '  alias',
          source.provider,
          `${source.publicUrl ?? config.publicUrl ?? localUrl}${path}`,
          index === 0 ? source.secrets.map(describeRef).join(', ') : '',
        ]),
      ),
    ),
  ];
  if (routes.length > 0) {
    sections.push(
      formatTable(
        ['ROUTE', 'TAKES', 'DESTINATION'],
        routes.map(route => [route.name, describeMatch(route), route.destination]),
      ),
    );
  }
  if (destinations.length > 0) {
    sections.push(
      formatTable(
        ['DESTINATION', 'URL', 'ORDER', 'TRIES'],
        destinations.map(destination => [
          destination.name,
          destination.url,
          destination.ordering === 'key' ? 'by key' : 'none',
          String(destination.retry.scheduleMs.length + 1),
        ]),
      ),
    );
  }
  return sections.join('\n\n');
}

function describeMatch({ match }: RouteConfig): string {
  const parts = Object.entries(match).filter(([, value]) => value !== null);
  return parts.length === 0 ? 'everything' : parts.map(([key, value]) => `${key} ${value}`).join(', ');
}
