// The examples' bots under conversations, while their processor is killed: its own process, and with it that of the handler.
import { setTimeout as delay } from 'node:timers/promises';
import { migrate } from '@ackline/store/migrate';
import { startKafka, startPostgres, startRedis } from '@ackline/testkit/containers';
import { createTestDatabase } from '@ackline/testkit/database';
import { waitFor } from '@ackline/testkit/wait-for';
import pg from 'pg';
import { isDrained } from '../ledger.ts';
import { createSystem, type System } from '../system.ts';
import type { BotScenario, Check, FollowUps, HandledMessage, OpenedScenario } from './bot-scenario.ts';
import { type AcceptedMessage, sendConversations } from './conversations.ts';
import { judgeHandling } from './judge-bots.ts';
import { startKilledProcessor } from './killed-processor.ts';

export interface BotsOptions {
  readonly scenario: BotScenario;
  /** containers: Kafka, PostgreSQL and Redis; embedded: PostgreSQL alone, as `npm start` has it. */
  readonly servers: 'containers' | 'embedded';
  readonly conversations: number;
  /** Spread over the load. */
  readonly kills: number;
  readonly log: (line: string) => void;
}

export interface BotsFigures {
  readonly messages: number;
  readonly kills: number;
  readonly seconds: number;
  /** Of it, from the last message to the last outcome. */
  readonly drainSeconds: number;
  readonly checks: readonly Check[];
}

/** A reply that was told to wait may wait for its schedule; what was killed, for its lease. */
const DRAIN_LIMIT_MS = 600_000;
const LOOK_EVERY_MS = 250;

export async function runBots(options: BotsOptions): Promise<BotsFigures> {
  const { scenario, conversations, kills, log } = options;
  await using stack = new AsyncDisposableStack();
  const servers = await startServers(options.servers, stack);
  const bot = stack.use(await scenario.open(servers.databaseUrl));
  const system = stack.use(await createBotSystem(servers, bot));
  await system.startIngress();
  bot.followUps?.begin(system.baseUrl);
  const processor = await startKilledProcessor(system);
  const wanted = Array.from({ length: conversations }, (_, number) => bot.conversation(number));
  const startedAt = performance.now();
  const everyMs = (conversations * 1_000) / bot.rate / (kills + 1);
  const [accepted] = await Promise.all([
    sendConversations({ baseUrl: system.baseUrl, conversations: wanted, rate: bot.rate }),
    processor.killInTurn(kills, everyMs),
  ]);
  const sentAt = performance.now();
  log(`${accepted.length} messages were accepted; waiting for the last outcome`);
  await untilDrained(servers.databaseUrl, accepted.length, bot.followUps).catch(() =>
    log('it was not drained in time'),
  );
  const endedAt = performance.now();
  const { orderUncertain, ...cache } = await processor.counts();
  const uncertain = countUncertain(processor.outputs());
  const messages = describe(accepted, bot, { uncertain, rows: await readRows(servers.databaseUrl) });
  return {
    messages: accepted.length,
    kills,
    seconds: (endedAt - startedAt) / 1_000,
    drainSeconds: (endedAt - sentAt) / 1_000,
    checks: [
      ...judgeHandling(messages, wanted.flatMap(one => one.messages).length),
      ...(await bot.judge({ messages, kills, cache, orderUncertain })),
    ],
  };
}

interface Servers {
  readonly databaseUrl: string;
  readonly brokers: string | null;
  readonly redisUrl: string | null;
}

async function startServers(kind: BotsOptions['servers'], stack: AsyncDisposableStack): Promise<Servers> {
  if (kind === 'embedded') {
    const database = await createTestDatabase();
    stack.defer(() => database.close());
    return { databaseUrl: database.url, brokers: null, redisUrl: null };
  }
  const [kafka, postgres, redis] = await Promise.all([startKafka(), startPostgres(), startRedis()]);
  for (const server of [kafka, postgres, redis]) stack.use(server);
  await migrate(postgres.url);
  return { databaseUrl: postgres.url, brokers: kafka.brokers, redisUrl: redis.url };
}

function createBotSystem({ databaseUrl, brokers, redisUrl }: Servers, bot: OpenedScenario): Promise<System> {
  return createSystem({
    databaseUrl,
    brokers,
    receiverUrl: '',
    configText: bot.configText,
    envOf: () => ({ ...bot.env, ...(redisUrl === null ? {} : { REDIS_URL: redisUrl }) }),
  });
}

async function untilDrained(databaseUrl: string, accepted: number, followUps?: FollowUps): Promise<void> {
  const followed = () => (followUps === undefined ? 0 : followUps.accepted());
  await waitFor(
    async () => {
      await delay(LOOK_EVERY_MS);
      const before = followed();
      if (before === null || !(await isDrained(databaseUrl, accepted + before))) return false;
      return followed() === before; // what was still open then may have brought another
    },
    { timeoutMs: DRAIN_LIMIT_MS },
  );
}

interface StoredRow {
  readonly eventId: string;
  readonly dedupKey: string;
  readonly state: string | null;
}

/** Each stored event, with each of its deliveries. */
async function readRows(databaseUrl: string): Promise<readonly StoredRow[]> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'ackline-proof' });
  await client.connect();
  try {
    const { rows } = await client.query<StoredRow>(
      `select e.id as "eventId", e.dedup_key as "dedupKey", d.state
         from events e left join all_deliveries d on d.stored_day = e.stored_day and d.seq = e.seq`,
    );
    return rows;
  } finally {
    await client.end();
  }
}

/** Lines `once.uncertain`, by event. */
function countUncertain(outputs: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const line of outputs.flatMap(output => output.split('\n'))) {
    const eventId = line.includes('"once.uncertain"') ? /"eventId":"([^"]+)"/.exec(line)?.[1] : undefined;
    if (eventId !== undefined) counts.set(eventId, (counts.get(eventId) ?? 0) + 1);
  }
  return counts;
}

function describe(
  accepted: readonly AcceptedMessage[],
  bot: OpenedScenario,
  found: { readonly rows: readonly StoredRow[]; readonly uncertain: ReadonlyMap<string, number> },
): readonly HandledMessage[] {
  const rowsOf = Map.groupBy(found.rows, ({ dedupKey }) => bot.idOf(dedupKey));
  return accepted.map(({ id, key, index }) => {
    const rows = rowsOf.get(id) ?? [];
    const events = new Set(rows.map(({ eventId }) => eventId));
    const uncertain = [...events].reduce((sum, event) => sum + (found.uncertain.get(event) ?? 0), 0);
    const worst = rows.find(({ state }) => state !== 'delivered') ?? rows[0];
    return { key, index, stored: events.size, state: worst?.state ?? null, uncertain };
  });
}
