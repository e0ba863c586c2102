import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@ackline/testkit/free-port';
import { scrape } from '@ackline/testkit/scrape';
import { spawnService } from '@ackline/testkit/spawn-service';

export interface GatewayOptions {
  readonly databaseUrl: string;
  /** ackline.yaml */
  readonly config: string;
  /** Added to the environment of both services. */
  readonly env?: Readonly<Record<string, string>>;
  /** Of the processor alone. */
  readonly processorEnv?: Readonly<Record<string, string>>;
  /** False: Kafka is away, as far as the processor can know, and it is not ready. */
  readonly awaitsProcessor?: boolean;
}

/** An ingress and a processor, as they are deployed. */
export interface Gateway extends AsyncDisposable {
  /** Of the ingress. */
  readonly url: string;
  /** Events that the ingress made durable there. */
  appended(tier: 'kafka' | 'inbox' | 'spool'): Promise<number>;
  /** Of both services, the last of it. */
  output(): string;
}

const mainOf = (service: string) =>
  fileURLToPath(new URL(`../../../../services/${service}/src/main.ts`, import.meta.url));

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { databaseUrl, config, env = {}, processorEnv = {}, awaitsProcessor = true } = options;
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'ackline-through-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'ackline.yaml'), config);
  const start = async (name: string, own: Readonly<Record<string, string>>, ready = 'readyz') => {
    const [port, opsPort] = [await freePort(), await freePort()];
    const operations = `http://127.0.0.1:${opsPort}`;
    const service = await spawnService(mainOf(name), {
      env: {
        ACKLINE_CONFIG: join(folder, 'ackline.yaml'),
        DATABASE_URL: databaseUrl,
        HOST: '127.0.0.1',
        OPS_HOST: '127.0.0.1',
        PORT: String(port),
        OPS_PORT: String(opsPort),
        ...env,
        ...own,
      },
      readyUrl: `${operations}/${ready}`,
    });
    opened.use(service);
    return { url: `http://127.0.0.1:${port}`, operations, service };
  };
  const ingress = await start('ingress', {});
  const processor = await start('processor', processorEnv, awaitsProcessor ? 'readyz' : 'startupz');
  const resources = opened.move();
  return {
    url: ingress.url,
    async appended(tier) {
      return (await scrape(ingress.operations)).value('ackline_eventlog_appends_total', { tier }) ?? 0;
    },
    output: () => ingress.service.output() + processor.service.output(),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
