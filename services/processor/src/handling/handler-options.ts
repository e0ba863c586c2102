import type { HttpLimits } from '@ackline/handlers/thread/protocol';
import type { ThreadPoolOptions } from '@ackline/handlers/thread/thread-pool';
import { modulePath } from '@ackline/runtime/handler-modules';
import type { SecretReader } from '@ackline/runtime/secrets';
import type { HandlerDestinationConfig } from '@ackline/shared/config/types';

export interface HandlerOptionsDeps {
  /** Of ackline.yaml, which modules are named from. */
  readonly configPath: string;
  readonly databaseUrl: string;
  readonly http: HttpLimits;
  readonly secrets: Pick<SecretReader, 'resolve'>;
}

/** What the threads of a destination are started with. Throws ACKLINE_SECRET_MISSING. */
export function handlerOptions(
  config: HandlerDestinationConfig,
  { configPath, databaseUrl, http, secrets }: HandlerOptionsDeps,
): ThreadPoolOptions {
  const { name, module, handler, threads, memoryBytes, connections, settings } = config;
  const names = Object.keys(config.secrets);
  const values = secrets.resolve(Object.values(config.secrets));
  return {
    destination: name,
    module: modulePath(configPath, module),
    handler,
    threads,
    memoryBytes,
    secrets: Object.fromEntries(names.map((secret, index) => [secret, values[index] ?? ''])),
    settings,
    http,
    pg: connections === 0 ? null : { connectionString: databaseUrl, connections },
  };
}
