import type { Environment } from '@ackline/runtime/environment';
import { createSecretReader, type SecretFinding } from '@ackline/runtime/secrets';
import type { Finding } from '@ackline/shared/config/finding';
import type { InspectedConfig } from '@ackline/shared/config/load-config';
import type { AcklineConfig } from '@ackline/shared/config/types';
import { providers } from '@ackline/shared/providers/registry';
import type { CliConfig } from './config.ts';
import { inspectAcklineConfig } from './config-file.ts';
import { overDevEnv, planDevEnv } from './data-directory/dev-env.ts';
import { dataLayout } from './data-directory/layout.ts';
import { readRunning } from './data-directory/lock.ts';
import { sampleFindings } from './up/sample-receiver.ts';

/** The file, and all that a start in this mode would say of it and of its secrets. */
export interface InspectedSetup {
  readonly file: InspectedConfig;
  /** null: its form is wrong, so that no more can be asked of it. */
  readonly acklineConfig: AcklineConfig | null;
  /** What production refuses; none in development. */
  readonly samples: readonly Finding[];
  readonly secrets: readonly SecretFinding[];
  /** Variables without a value, for which `up` will make one up; none in production. */
  readonly toGenerate: readonly string[];
  /** What secrets are read from: the environment, in development over the generated values. */
  readonly secretEnvironment: Environment;
  /** An `up` works on the data directory: it took its environment when it started. */
  readonly isRunning: boolean;
}

/** Rejects with ACKLINE_CONFIG_UNREADABLE only. */
export async function inspectSetup(
  path: string,
  { mode, dataDir, environment }: CliConfig,
): Promise<InspectedSetup> {
  const file = await inspectAcklineConfig(path, mode);
  const { config } = file;
  const isProduction = mode === 'production';
  const layout = dataLayout(dataDir);
  if (config === null) {
    const none = { samples: [], secrets: [], toGenerate: [] };
    return { file, acklineConfig: null, ...none, secretEnvironment: environment, isRunning: false };
  }
  const { values, added } = isProduction
    ? { values: {}, added: [] }
    : await planDevEnv(layout, config, environment);
  const env = isProduction ? environment : overDevEnv(environment, values);
  return {
    file,
    acklineConfig: config,
    samples: isProduction ? sampleFindings(config) : [],
    secrets: createSecretReader({ env, production: isProduction }).secretFindings(config, providers),
    toGenerate: added,
    secretEnvironment: env,
    isRunning: (await readRunning(layout)) !== null,
  };
}

const PLACED_ERROR = /^(?<file>.+?):(?<line>\d+):(?<column>\d+)\s+(?<message>.*)$/;

export interface PlacedLine {
  readonly line: number | null;
  readonly column: number | null;
  readonly message: string;
}

/** The list of errors that a configuration gave, taken apart again. */
export function placedLines(list: string): readonly PlacedLine[] {
  return list.split('\n').map(line => {
    const place = PLACED_ERROR.exec(line)?.groups;
    return {
      line: place === undefined ? null : Number(place['line']),
      column: place === undefined ? null : Number(place['column']),
      message: place?.['message'] ?? line,
    };
  });
}
