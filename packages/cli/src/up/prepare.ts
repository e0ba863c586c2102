import { createSecretReader } from '@ackline/runtime/secrets';
import type { Environment } from '@ackline/runtime/environment';
import { AppError } from '@ackline/shared/app-error';
import type { AcklineConfig } from '@ackline/shared/config/types';
import { providers } from '@ackline/shared/providers/registry';
import type { CliConfig } from '../config.ts';
import { readAcklineConfig, shownPath } from '../config-file.ts';
import { completeDevEnv, overDevEnv } from '../data-directory/dev-env.ts';
import { type DataLayout, dataLayout, prepareDataDirectory } from '../data-directory/layout.ts';
import { lockDataDirectory } from '../data-directory/lock.ts';
import { removeUpState } from '../data-directory/up-state.ts';
import { plural } from '../output/units.ts';
import { endLeftovers } from './leftovers.ts';
import { sampleFindings } from './sample-receiver.ts';

export interface Prepared {
  readonly layout: DataLayout;
  readonly acklineConfig: AcklineConfig;
  /** With the generated secrets, in development. */
  readonly environment: Environment;
  /** The names of variables whose value was generated. */
  readonly generated: ReadonlySet<string>;
}

export interface PrepareOptions {
  readonly config: CliConfig;
  /** The main files of the services, by which processes that were left over are known. */
  readonly entries: readonly string[];
  /** Takes what must be undone at the end. */
  readonly stack: AsyncDisposableStack;
  readonly say: (text: string) => void;
}

/**
 * All that can be refused before anything runs: configuration, data directory, secrets. Rejects with ACKLINE_CONFIG_INVALID,
 * ACKLINE_SAMPLE_IN_PRODUCTION, ACKLINE_DATA_DIRECTORY or ACKLINE_SECRET_MISSING.
 */
export async function prepareUp({ config, entries, stack, say }: PrepareOptions): Promise<Prepared> {
  const acklineConfig = await readAcklineConfig(config.configFile, config.mode);
  if (config.mode === 'production') refuseSample(acklineConfig);
  const { sources, destinations } = acklineConfig;
  say(
    `${shownPath(config.configFile)}: ${plural(sources.length, 'source')}, ${plural(destinations.length, 'destination')}`,
  );
  const layout = dataLayout(config.dataDir);
  await prepareDataDirectory(layout);
  const lock = stack.use(await lockDataDirectory(layout));
  stack.defer(() => removeUpState(layout));
  if (lock.leftover !== null) await endLeftovers(lock.leftover, entries, say);

  const secrets = await readSecrets(config, acklineConfig, layout, say);
  const reader = createSecretReader({
    env: secrets.environment,
    production: config.mode === 'production',
  });
  reader.checkSecrets(acklineConfig, providers);
  return { layout, acklineConfig, ...secrets };
}

function refuseSample(config: AcklineConfig): void {
  const [sample] = sampleFindings(config);
  if (sample !== undefined) throw new AppError('ACKLINE_SAMPLE_IN_PRODUCTION', sample.message);
}

async function readSecrets(
  config: CliConfig,
  acklineConfig: AcklineConfig,
  layout: DataLayout,
  say: PrepareOptions['say'],
): Promise<Pick<Prepared, 'environment' | 'generated'>> {
  const { environment } = config;
  if (config.mode === 'production') return { environment, generated: new Set() };
  const { values, added } = await completeDevEnv(layout, acklineConfig, environment);
  if (added.length > 0)
    say(`${plural(added.length, 'development secret')} generated in ${shownPath(layout.devEnv)}`);
  return {
    environment: overDevEnv(environment, values),
    generated: new Set(Object.keys(values).filter(name => (environment[name] ?? '') === '')),
  };
}
