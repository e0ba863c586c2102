import { resolve } from 'node:path';
import { AppError } from '@ackline/shared/app-error';
import { type Command, Option } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { openExamination } from '../doctor/checks/configuration.ts';
import { handlerModules } from '../doctor/checks/handler-modules.ts';
import { examine } from '../doctor/examine.ts';
import { FOUND_EXIT_CODE, type ReportOptions, reportOptions, showReport } from '../doctor/report-options.ts';
import { baseUrl } from '../options.ts';
import { plural } from '../output/units.ts';
import { registerDoctorSignature } from './doctor-signature.ts';
import { registerDoctorTelegram, telegramOptions } from './doctor-telegram.ts';

interface DoctorOptions extends ReportOptions {
  readonly ops: readonly string[];
  readonly probe?: true;
  readonly botTokenEnv: string;
  readonly apiUrl: string;
}

export function registerDoctor(program: Command, context: CommandContext): void {
  const command = program
    .command('doctor')
    .description(
      'Find what is weak, wrong or late: configuration, environment, stores, work, providers, handlers',
    )
    .enablePositionalOptions()
    .addOption(opsOption())
    .option('--probe', 'ask publicUrl from here: its name, its certificate, and who answers')
    .addHelpText(
      'after',
      `\nThe exit status is ${FOUND_EXIT_CODE} where something of the impact of --fail-on was found, 1 where nothing could be looked at.` +
        '\n\nExample:\n  $ ackline doctor\n  $ ACKLINE_ENV=production ackline doctor --fail-on medium --json' +
        '\n  $ ackline doctor source handlers/\n  $ ackline doctor telegram --set-webhook' +
        '\n  $ ackline doctor signature <request id>',
    )
    .action(async (options: DoctorOptions) => {
      const config = context.config();
      const { examination, report } = await examine(config, { ...options, probe: options.probe === true });
      const { fileName } = examination;
      showReport(context, options, {
        heading: `${fileName} for ${config.mode}`,
        report,
        facts: { file: fileName, mode: config.mode },
      });
    });
  for (const option of [...reportOptions(), ...telegramOptions()]) command.addOption(option);
  registerSource(command, context);
  registerDoctorTelegram(command, context);
  registerDoctorSignature(command, context);
}

function registerSource(doctor: Command, context: CommandContext): void {
  const command = doctor
    .command('source')
    .description(
      'Look at the sources of handlers: blocking calls, clients per call, missing awaits, unbounded caches',
    )
    .argument('[path...]', 'files (with what they import) and folders; default: the handlers of ackline.yaml')
    .addHelpText('after', '\nExample:\n  $ ackline doctor source handlers/ --fail-on medium')
    .action(async (paths: readonly string[], options: ReportOptions) => {
      const found =
        paths.length > 0 ? paths.map(path => resolve(context.workingDirectory, path)) : await named(context);
      // Here and not above: no other command needs the parser, which takes longer to load than most of them.
      const { examineSources } = await import('../doctor/checks/handlers.ts');
      const { findings, accepted, files } = await examineSources(found);
      showReport(context, options, {
        heading: plural(files, 'file'),
        report: { findings, accepted, unlooked: [] },
        facts: { files },
      });
    });
  for (const option of reportOptions()) command.addOption(option);
}

async function named(context: CommandContext): Promise<readonly string[]> {
  const config = context.config();
  const { examination } = await openExamination(config);
  const { acklineConfig, fileName } = examination;
  const modules = acklineConfig === null ? [] : handlerModules(acklineConfig, config.configFile);
  if (modules.length > 0) return modules;
  throw new AppError('ACKLINE_USAGE', `${fileName} names no handlers: name files or folders`);
}

function opsOption(): Option {
  return new Option('--ops <url>', 'an operations port, once for each service; default: as `ackline top`')
    .argParser((text: string, before: readonly string[]) => [...before, baseUrl(text)])
    .default([], 'that of `ackline up`, else OPS_PORT');
}
