import type { CliConfig } from '../config.ts';
import { readAcklineConfig } from '../config-file.ts';
import { overDevEnv, readDevEnv } from '../data-directory/dev-env.ts';
import { dataLayout } from '../data-directory/layout.ts';
import type { SampleSettings } from '@ackline/runtime/samples/prepare-samples';

/** ackline.yaml, and the secrets that it may name: in development those that were generated, too. */
export async function readSampleSettings({
  configFile,
  mode,
  environment,
  dataDir,
}: CliConfig): Promise<SampleSettings> {
  const config = await readAcklineConfig(configFile, mode);
  const generated = mode === 'development' ? await readDevEnv(dataLayout(dataDir)) : {};
  return { config, mode, environment: overDevEnv(environment, generated) };
}
