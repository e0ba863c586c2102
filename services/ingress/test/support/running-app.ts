import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLogLevelSwitch } from '@ackline/runtime/log-level-switch';
import { createLogger } from '@ackline/runtime/logger';
import type { ChildMessage } from '@ackline/runtime/parent-channel';
import { waitFor } from '@ackline/testkit/wait-for';
import { createApp } from '../../src/app.ts';
import { type IngressConfig, loadConfig } from '../../src/config.ts';

export interface AppOptions {
  /** For ackline.yaml. */
  readonly folder: string;
  /** The text of ackline.yaml. */
  readonly config: string;
  readonly databaseUrl: string;
  readonly env: Readonly<Record<string, string>>;
  /** What no variable sets. */
  readonly settings?: Partial<IngressConfig>;
}

/** A file of its own for each text, written once: a start waits for one that was written this moment. */
const configFiles = new Map<string, string>();

async function configFileOf({ folder, config }: AppOptions): Promise<string> {
  const known = configFiles.get(folder + config);
  if (known !== undefined) return known;
  const file = join(folder, `ackline-${configFiles.size}.yaml`);
  await writeFile(file, config);
  configFiles.set(folder + config, file);
  return file;
}

/** The ingress within this process, started. */
export async function startApp(options: AppOptions) {
  const configFile = await configFileOf(options);
  const lines: Record<string, unknown>[] = [];
  const messages: ChildMessage[] = [];
  const log = createLogger({
    service: 'ingress',
    level: 'debug',
    destination: { write: line => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  const stop = new AbortController();
  const config = loadConfig({
    ACKLINE_CONFIG: configFile,
    DATABASE_URL: options.databaseUrl,
    HOST: '127.0.0.1',
    OPS_HOST: '127.0.0.1',
    PORT: '0',
    OPS_PORT: '0',
    ...options.env,
  });
  const app = await createApp(
    { ...config, ...options.settings },
    {
      log,
      report: message => void messages.push(message),
      followLogLevel: createLogLevelSwitch(log, 'debug', () => undefined),
      signal: stop.signal,
    },
  );
  const running = app.run(stop.signal);
  let hasEnded = false;
  const ended = running.finally(() => {
    hasEnded = true;
  });
  const started = waitFor(() => hasEnded || messages.some(message => message.kind === 'started'));
  await Promise.race([ended, started]);
  const portOf = (name: string) => {
    const found = messages.find(message => message.kind === 'listening' && message.name === name);
    return found?.kind === 'listening' ? found.port : 0;
  };
  return {
    port: portOf('http'),
    base: `http://127.0.0.1:${portOf('http')}`,
    operations: `http://127.0.0.1:${portOf('operations')}`,
    lines,
    /** SIGHUP with another text in its file, which no other start shares from then on. */
    async reload(changed: string) {
      configFiles.delete(options.folder + options.config);
      await writeFile(configFile, changed);
      await app.reload();
    },
    stop: () => stop.abort(),
    running,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

/** On a connection of its own: one that stays open holds up the end of an app for as long as a request may still come on it. */
export function ask(url: string, { headers, ...init }: RequestInit = {}): Promise<Response> {
  const own = new Headers(headers);
  own.set('connection', 'close');
  return fetch(url, { ...init, headers: own });
}
