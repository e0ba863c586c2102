import { migrate } from '@ackline/store/migrate';
import {
  type KafkaContainer,
  startKafka,
  startPostgres,
  startRedis,
  type UrlContainer,
} from '@ackline/testkit/containers';
import { freePort } from '@ackline/testkit/free-port';
import { type LimitedVolume, startLimitedVolume } from '@ackline/testkit/limited-volume';
import { startTcpProxy, type TcpProxy } from '@ackline/testkit/tcp-proxy';

/** `proxied`: links that can be slowed. `small-disks`: Kafka's and PostgreSQL's files on disks that can be filled. */
export type StageKind = 'plain' | 'proxied' | 'small-disks';

export type ServerName = 'kafka' | 'postgres' | 'redis';

/** The three servers of one run, used by one state after the other. */
export interface Stage extends AsyncDisposable {
  readonly kind: StageKind;
  readonly kafka: KafkaContainer;
  readonly postgres: UrlContainer;
  readonly redis: UrlContainer;
  /** As the services reach them. */
  readonly brokers: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** Only of a `proxied` stage. */
  readonly links: Readonly<Record<ServerName, TcpProxy>> | null;
  /** Only of a stage with `small-disks`. */
  readonly disks: Readonly<Record<'kafka' | 'postgres', LimitedVolume>> | null;
}

/** Room for what a start writes and the events of a run. */
const DISK_MIB = { kafka: 256, postgres: 512 } as const;

export async function startStage(kind: StageKind): Promise<Stage> {
  await using opened = new AsyncDisposableStack();
  const disks =
    kind === 'small-disks'
      ? {
          kafka: opened.use(await startLimitedVolume({ sizeMiB: DISK_MIB.kafka })),
          postgres: opened.use(await startLimitedVolume({ sizeMiB: DISK_MIB.postgres })),
        }
      : null;
  const kafkaPort = await freePort();
  const kafkaLink = kind === 'proxied' ? opened.use(await startTcpProxy({ port: kafkaPort })) : null;
  const [kafka, postgres, redis] = await Promise.all([
    startKafka(
      {},
      {
        port: kafkaPort,
        ...(kafkaLink === null ? {} : { advertisedPort: kafkaLink.port }),
        ...(disks === null ? {} : { volume: disks.kafka }),
      },
    ),
    startPostgres(disks === null ? {} : { volume: disks.postgres }),
    startRedis(),
  ]);
  for (const server of [kafka, postgres, redis]) opened.use(server);
  await migrate(postgres.url);
  const links =
    kafkaLink === null
      ? null
      : {
          kafka: kafkaLink,
          postgres: opened.use(await startTcpProxy({ port: postgres.port })),
          redis: opened.use(await startTcpProxy({ port: redis.port })),
        };
  const closing = opened.move();
  return {
    kind,
    kafka,
    postgres,
    redis,
    brokers: kafka.brokers,
    databaseUrl: throughPort(postgres.url, links?.postgres.port),
    redisUrl: throughPort(redis.url, links?.redis.port),
    links,
    disks,
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}

function throughPort(address: string, port: number | undefined): string {
  if (port === undefined) return address;
  const url = new URL(address);
  url.port = String(port);
  return url.href;
}
