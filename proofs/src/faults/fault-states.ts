import { closeKafkaClient, createKafkaAdmin } from '@ackline/eventlog/kafka-client';
import { EVENTS_TOPIC, openTopic } from '@ackline/eventlog/kafka-topic';
import { waitFor } from '@ackline/testkit/wait-for';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { ServerName, Stage, StageKind } from './stage.ts';

/** What breaks, and how it is mended. */
export interface Fault {
  begin(stage: Stage): Promise<void>;
  end(stage: Stage): Promise<void>;
}

export interface FaultState {
  readonly name: string;
  readonly stage: StageKind;
  readonly faults: readonly Fault[];
  /** The ingress knows no Kafka: PostgreSQL and the spool are its logs. */
  readonly withoutKafka?: true;
  /** Nothing may be under way as it begins: the fault destroys what was acknowledged before it. */
  readonly whenDrained?: true;
  /** `kill -9` and start again, so often while the fault lasts. */
  readonly ingressKills?: number;
  /** The ingress's spool lies on a disk of its own, which is full for the second half of the fault. */
  readonly ownDiskFull?: true;
  /** Longer than what the run says. */
  readonly seconds?: number;
}

/** A broker of one node, started again on a busy machine of two cores. */
const RECOVERY_LIMIT_MS = 180_000;
const SLOW_MS = 2_000;
const TOPIC_DEADLINE_MS = 10_000;

const killed = (server: ServerName): Fault => ({
  begin: stage => stage[server].kill(),
  end: stage => stage[server].start(),
});

const paused = (server: ServerName): Fault => ({
  begin: stage => stage[server].pause(),
  end: stage => stage[server].unpause(),
});

/** Each answer comes 2 s late. */
const slow = (server: ServerName): Fault => ({
  begin: async stage => stage.links?.[server].slow(SLOW_MS, 'client'),
  end: async stage => stage.links?.[server].heal(),
});

/** A server that died of it is started again. */
const diskFull = (server: 'kafka' | 'postgres'): Fault => ({
  begin: async stage => stage.disks?.[server].fill(),
  async end(stage) {
    await stage.disks?.[server].free();
    await stage[server].start();
  },
});

const topicMissing: Fault = {
  async begin(stage) {
    const admin = createKafkaAdmin({ brokers: [stage.kafka.brokers] });
    try {
      await admin.deleteTopics({ topics: [EVENTS_TOPIC] });
    } finally {
      await closeKafkaClient(admin);
    }
  },
  async end(stage) {
    const open = () =>
      openTopic({ brokers: [stage.kafka.brokers], durability: 'single-node', deadlineMs: TOPIC_DEADLINE_MS });
    await waitFor(open, { timeoutMs: RECOVERY_LIMIT_MS, what: 'the topic to be made again' });
  },
};

const tableMissing: Fault = {
  begin: stage => renameTable(stage, 'inbox', 'inbox_away'),
  end: stage => renameTable(stage, 'inbox_away', 'inbox'),
};

/** No write fits, as `noeviction` has it. */
const redisFull: Fault = {
  begin: stage => configureRedis(stage, '1'),
  end: stage => configureRedis(stage, '0'),
};

const bothKilled = [killed('kafka'), killed('postgres')];
const bothPaused = [paused('kafka'), paused('postgres')];
/** A minute without either log. */
const LONG_OUTAGE_S = 60;

export const faultStates: readonly FaultState[] = [
  { name: 'nothing broken', stage: 'plain', faults: [] },
  { name: 'kafka killed', stage: 'plain', faults: [killed('kafka')] },
  { name: 'kafka paused', stage: 'plain', faults: [paused('kafka')] },
  { name: 'postgres killed', stage: 'plain', faults: [killed('postgres')] },
  { name: 'postgres paused', stage: 'plain', faults: [paused('postgres')] },
  { name: 'postgres table missing', stage: 'plain', faults: [tableMissing] },
  { name: 'no kafka, postgres killed', stage: 'plain', faults: [killed('postgres')], withoutKafka: true },
  { name: 'no kafka, postgres paused', stage: 'plain', faults: [paused('postgres')], withoutKafka: true },
  { name: 'no kafka, postgres table missing', stage: 'plain', faults: [tableMissing], withoutKafka: true },
  { name: 'redis killed', stage: 'plain', faults: [killed('redis')] },
  { name: 'redis paused', stage: 'plain', faults: [paused('redis')] },
  { name: 'redis out of memory', stage: 'plain', faults: [redisFull] },
  { name: 'both logs killed', stage: 'plain', faults: bothKilled, seconds: LONG_OUTAGE_S },
  { name: 'both logs paused', stage: 'plain', faults: bothPaused },
  { name: 'both logs killed, own disk full', stage: 'plain', faults: bothKilled, ownDiskFull: true },
  { name: 'ingress killed', stage: 'plain', faults: [], ingressKills: 3 },
  { name: 'ingress killed, kafka killed', stage: 'plain', faults: [killed('kafka')], ingressKills: 3 },
  { name: 'ingress killed, both logs killed', stage: 'plain', faults: bothKilled, ingressKills: 3 },
  { name: 'ingress killed, both logs paused', stage: 'plain', faults: bothPaused, ingressKills: 3 },
  { name: 'kafka topic missing', stage: 'plain', faults: [topicMissing], whenDrained: true },
  { name: 'kafka slow', stage: 'proxied', faults: [slow('kafka')] },
  { name: 'postgres slow', stage: 'proxied', faults: [slow('postgres')] },
  { name: 'no kafka, postgres slow', stage: 'proxied', faults: [slow('postgres')], withoutKafka: true },
  { name: 'both logs slow', stage: 'proxied', faults: [slow('kafka'), slow('postgres')] },
  { name: 'redis slow', stage: 'proxied', faults: [slow('redis')] },
  { name: 'postgres disk full', stage: 'small-disks', faults: [diskFull('postgres')] },
  {
    name: 'no kafka, postgres disk full',
    stage: 'small-disks',
    faults: [diskFull('postgres')],
    withoutKafka: true,
  },
  { name: 'kafka disk full', stage: 'small-disks', faults: [diskFull('kafka')] },
];

async function renameTable(stage: Stage, from: string, to: string): Promise<void> {
  const client = new pg.Client({ connectionString: stage.postgres.url, application_name: 'ackline-proof' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(`alter table ${from} rename to ${to}`);
  } finally {
    await client.end();
  }
}

async function configureRedis(stage: Stage, maxMemory: string): Promise<void> {
  const redis = new Redis(stage.redis.url, { maxRetriesPerRequest: 1 });
  redis.on('error', () => undefined);
  try {
    await redis.config('SET', 'maxmemory-policy', 'noeviction');
    await redis.config('SET', 'maxmemory', maxMemory);
  } finally {
    redis.disconnect();
  }
}
