import { resolve } from 'node:path';
import { AppError } from '@ackline/shared/app-error';
import { shownAddress } from '@ackline/shared/config/destination-address';
import type { AcklineConfig, RouteConfig } from '@ackline/shared/config/types';
import type { Command } from 'commander';
import { moduleFindings } from '@ackline/runtime/handler-modules';
import type { CommandContext } from '../command-context.ts';
import type { CliConfig } from '../config.ts';
import { describeRef } from '@ackline/shared/config/secret-ref';
import { shownPath } from '../config-file.ts';
import { inspectSetup, placedLines } from '../config-setup.ts';
import { programName } from '../output/program-name.ts';
import { formatTable } from '../output/text-table.ts';
import { plural } from '../output/units.ts';

export function registerCheck(program: Command, context: CommandContext): void {
  program
    .command('check')
    .description('Check the configuration and its secrets without starting anything; exit status 1 on errors')
    .argument('[file]', 'default: ACKLINE_CONFIG, else ackline.yaml')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  $ ackline check ackline.yaml')
    .action(async (file: string | undefined, options: { json?: true }) => {
      const { terminal, workingDirectory } = context;
      const config = context.config();
      const path = file === undefined ? config.configFile : resolve(workingDirectory, file);
      const shown = shownPath(path);
      if (options.json === true) {
        const result = await checkFile(path, config).then(checkedJson, failedJson);
        terminal.line(JSON.stringify({ file: shown, ...result }));
        if (!result.ok) context.setExitCode(1);
        return;
      }
      terminal.line(formatSummary(shown, await checkFile(path, config)));
    });
}

/** What a start in this mode would go on with. */
export interface Checked {
  readonly mode: CliConfig['mode'];
  readonly config: AcklineConfig;
  /** Variables without a value, for which `up` will make one up; none in production. */
  readonly toGenerate: readonly string[];
  /** An `up` works on the data directory: it took its environment when it started. */
  readonly isRunning: boolean;
}

/**
 * All that a start refuses of the file and its secrets, and modules that are not there, in one list. Rejects with ACKLINE_CONFIG_INVALID, or where there is
 * nothing else with ACKLINE_SAMPLE_IN_PRODUCTION or ACKLINE_SECRET_MISSING.
 */
async function checkFile(path: string, config: CliConfig): Promise<Checked> {
  const { file, acklineConfig, samples, secrets, toGenerate, isRunning } = await inspectSetup(path, config);
  if (acklineConfig === null) throw new AppError('ACKLINE_CONFIG_INVALID', file.list());
  const modules = await moduleFindings(acklineConfig, path);
  const all = file.list([...samples, ...secrets, ...modules]);
  if (file.list(modules) !== '' || (samples.length > 0 && secrets.length > 0)) {
    throw new AppError('ACKLINE_CONFIG_INVALID', all);
  }
  if (samples.length > 0) throw new AppError('ACKLINE_SAMPLE_IN_PRODUCTION', all);
  if (secrets.length > 0) throw new AppError('ACKLINE_SECRET_MISSING', all);
  return { mode: config.mode, config: acklineConfig, toGenerate, isRunning };
}

function checkedJson({ mode, config, toGenerate }: Checked) {
  return {
    ok: true,
    mode,
    errors: [],
    secretsToGenerate: toGenerate,
    sources: config.sources.map(source => source.name),
    routes: config.routes.map(route => route.name),
    destinations: config.destinations.map(destination => destination.name),
  };
}

const CHECK_ERRORS: ReadonlySet<string> = new Set([
  'ACKLINE_CONFIG_INVALID',
  'ACKLINE_CONFIG_UNREADABLE',
  'ACKLINE_SAMPLE_IN_PRODUCTION',
  'ACKLINE_SECRET_MISSING',
]);

/** Anything but errors of the configuration and its secrets is thrown on. */
function failedJson(error: unknown) {
  if (!(error instanceof AppError) || !CHECK_ERRORS.has(error.code)) throw error;
  const errors = placedLines(error.message);
  return { ok: false, code: error.code, errors };
}

/** Sources with what providers call, routes, destinations, and the secrets by their places. */
export function formatSummary(fileName: string, checked: Checked): string {
  const { mode, config } = checked;
  const { sources, routes, destinations } = config;
  const counts = [
    plural(sources.length, 'source'),
    plural(routes.length, 'route'),
    plural(destinations.length, 'destination'),
  ];
  const sections = [
    `${fileName} is correct for ${mode}: ${counts.join(', ')}.`,
    formatTable(
      ['SOURCE', 'PROVIDER', 'CALLED AT', 'SECRETS'],
      sources.flatMap(source =>
        [source.path, ...source.aliases].map((path, index) => [
          index === 0 ? source.name : '  alias',
          source.provider,
          `${source.publicUrl ?? config.publicUrl ?? ''}${path}`,
          index === 0 ? source.secrets.map(describeRef).join(', ') : '',
        ]),
      ),
    ),
  ];
  if (sources.some(source => (source.publicUrl ?? config.publicUrl) === null))
    sections.push(
      'Without a publicUrl only the paths are known: set it before you give a URL to a provider.',
    );
  if (checked.toGenerate.length > 0) sections.push(describeGenerated(checked));
  if (routes.length > 0) {
    sections.push(
      formatTable(
        ['ROUTE', 'TAKES', 'DESTINATION'],
        routes.map(route => [
          route.name,
          describeMatch(route),
          route.transform === null ? route.destination : `${route.destination} (transformed)`,
        ]),
      ),
    );
  }
  if (destinations.length > 0) {
    sections.push(
      formatTable(
        ['DESTINATION', 'WHERE', 'ORDER', 'TRIES'],
        destinations.map(destination => [
          destination.name,
          shownAddress(destination),
          destination.ordering === 'key' ? 'by key' : 'none',
          String(destination.retry.scheduleMs.length + 1),
        ]),
      ),
    );
  }
  return sections.join('\n\n');
}

function describeGenerated({ toGenerate, isRunning }: Checked): string {
  const secrets = `${plural(toGenerate.length, 'development secret')}: ${toGenerate.join(', ')}`;
  return isRunning
    ? `Restart \`npm start\`: the one that runs has no value for what this file adds. It will generate ${secrets}.`
    : `\`${programName()} up\` will generate ${secrets}.`;
}

/** A filter in one line; what does not fit is left out. */
const MAX_SHOWN_FILTER_LENGTH = 60;

function describeMatch({ match }: RouteConfig): string {
  const { where, ...named } = match;
  const parts = Object.entries(named).flatMap(([key, value]) => (value === null ? [] : [`${key} ${value}`]));
  if (where !== null) parts.push(`where ${shownFilter(where.given)}`);
  return parts.length === 0 ? 'everything' : parts.join(', ');
}

function shownFilter(given: unknown): string {
  const text = JSON.stringify(given, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  return text.length <= MAX_SHOWN_FILTER_LENGTH ? text : `${text.slice(0, MAX_SHOWN_FILTER_LENGTH)}…`;
}
