import type { CliConfig } from '../config.ts';
import { examineConfiguration, openExamination } from './checks/configuration.ts';
import { examineDatabase } from './checks/database.ts';
import { examineEnvironment, readDoctorEnvironment } from './checks/environment.ts';
import { handlerModules } from './checks/handler-modules.ts';
import { examineKafka } from './checks/kafka.ts';
import { examineIngress, probePublicUrls } from './checks/reachability.ts';
import { examineServices } from './checks/services.ts';
import { examineTelegram, type TelegramOptions } from './checks/telegram.ts';
import type { Examination } from './examination.ts';
import { joined, notLookedAt, only } from './finding.ts';
import type { Report } from './report.ts';

export interface ExamineOptions extends TelegramOptions {
  /** Operations ports; none: that of this machine. */
  readonly ops: readonly string[];
  /** Asks publicUrl from here. */
  readonly probe: boolean;
}

/** All parts, one after the other where one goes by another, each bounded in time. What is away is a finding, and hides no other. */
export async function examine(
  config: CliConfig,
  options: ExamineOptions,
): Promise<{ readonly examination: Examination; readonly report: Report }> {
  const { examination, findings } = await openExamination(config);
  const { env, findings: ofEnvironment } = readDoctorEnvironment(examination);
  const sources = await examineHandlers(examination);
  const parts = await Promise.all([
    examineDatabase(examination, env),
    examineKafka(examination, env),
    examineServices(examination, options.ops),
    examineIngress(examination),
    examineTelegram(examination, options),
    options.probe ? probePublicUrls(examination) : notLookedAt('publicUrl from outside', '--probe asks it'),
  ]);
  const all = joined([
    only([...findings, ...examineConfiguration(examination)]),
    only([...ofEnvironment, ...examineEnvironment(examination, env)]),
    examination.isProduction
      ? only([])
      : notLookedAt('what production needs', 'ACKLINE_ENV=production asks for it'),
    ...parts,
    only(sources?.findings ?? []),
  ]);
  return { examination, report: { ...all, accepted: sources?.accepted ?? 0 } };
}

async function examineHandlers({ acklineConfig, config }: Examination) {
  const modules = acklineConfig === null ? [] : handlerModules(acklineConfig, config.configFile);
  if (modules.length === 0) return null;
  // Here and not above: no other command needs the parser, which takes longer to load than most of them.
  const { examineSources } = await import('./checks/handlers.ts');
  return examineSources(modules);
}
