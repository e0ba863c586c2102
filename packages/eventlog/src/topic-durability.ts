/** The settings of a topic that decide whether an acked record can get lost. */
export interface TopicSettings {
  readonly replicationFactor: number;
  readonly minInsyncReplicas: number;
  readonly uncleanLeaderElection: boolean;
  /** -1: for ever. */
  readonly retentionMs: number;
  /** -1: no limit by size. */
  readonly retentionBytes: number;
  readonly cleanupPolicy: string;
  /** Whose time the retention counts from: CreateTime, that of the producer, or LogAppendTime, that of the broker. */
  readonly timestampType: string;
}

export interface DurabilityVerdict {
  /** Each makes the topic weaker than A1: setting, value, needed value. */
  readonly weaknesses: readonly string[];
  /** The same of what is used all the same: a topic that an earlier release made has it. */
  readonly tolerated: readonly string[];
  /** Not weaker, but worth a line in the log. */
  readonly warnings: readonly string[];
  /** Commands that repair the weaknesses. */
  readonly fixes: readonly string[];
}

const MIN_REPLICATION = 3;
const MIN_INSYNC = 2;
const DAY_MS = 86_400_000;
export const TIMESTAMP_TYPE = 'LogAppendTime';
/** A1: as long as a processor may be away. */
const MIN_RETENTION_MS = 7 * DAY_MS;

interface Rule {
  readonly setting: string;
  readonly value: string;
  readonly needed: string;
  readonly weak: boolean;
  readonly isTolerated?: boolean;
  /** `name=value` for kafka-configs.sh; null where it is no setting. */
  readonly config: string | null;
}

/** Pure: what A1 says of these settings. */
export function judgeDurability(
  settings: TopicSettings,
  topic: string,
  brokers: readonly string[],
): DurabilityVerdict {
  const weak = rulesOf(settings).filter(rule => rule.weak);
  const configs = weak.flatMap(rule => (rule.config === null ? [] : [rule.config]));
  const bootstrap = `--bootstrap-server ${brokers.join(',')}`;
  const describe = ({ setting, value, needed }: Rule) => `${setting} is ${value}, needed: ${needed}`;
  return {
    weaknesses: weak.filter(rule => rule.isTolerated !== true).map(describe),
    tolerated: weak.filter(rule => rule.isTolerated === true).map(describe),
    warnings:
      settings.replicationFactor > 1 && settings.minInsyncReplicas >= settings.replicationFactor
        ? [
            'min.insync.replicas equals the replication factor: with one broker away Kafka takes no events, and the inbox has to',
          ]
        : [],
    fixes: [
      ...(settings.replicationFactor < MIN_REPLICATION
        ? [
            `kafka-reassign-partitions.sh ${bootstrap} --execute --reassignment-json-file FILE (three replicas for each partition of ${topic})`,
          ]
        : []),
      ...(configs.length > 0
        ? [
            `kafka-configs.sh ${bootstrap} --alter --entity-type topics --entity-name ${topic} --add-config ${configs.join(',')}`,
          ]
        : []),
    ],
  };
}

function rulesOf(settings: TopicSettings): readonly Rule[] {
  return [
    {
      setting: 'replication factor',
      value: String(settings.replicationFactor),
      needed: `${MIN_REPLICATION} or more`,
      weak: settings.replicationFactor < MIN_REPLICATION,
      config: null,
    },
    {
      setting: 'min.insync.replicas',
      value: String(settings.minInsyncReplicas),
      needed: `${MIN_INSYNC} or more`,
      weak: settings.minInsyncReplicas < MIN_INSYNC,
      config: `min.insync.replicas=${MIN_INSYNC}`,
    },
    {
      setting: 'unclean.leader.election.enable',
      value: String(settings.uncleanLeaderElection),
      needed: 'false',
      weak: settings.uncleanLeaderElection,
      config: 'unclean.leader.election.enable=false',
    },
    {
      setting: 'retention.ms',
      value: String(settings.retentionMs),
      needed: `${MIN_RETENTION_MS} (7 days) or more`,
      weak: settings.retentionMs !== -1 && settings.retentionMs < MIN_RETENTION_MS,
      config: `retention.ms=${2 * MIN_RETENTION_MS}`,
    },
    {
      setting: 'retention.bytes',
      value: String(settings.retentionBytes),
      needed: '-1 (no limit by size)',
      weak: settings.retentionBytes !== -1,
      config: 'retention.bytes=-1',
    },
    {
      setting: 'cleanup.policy',
      value: settings.cleanupPolicy,
      needed: 'delete',
      weak: settings.cleanupPolicy.split(',').some(policy => policy.trim() === 'compact'),
      config: 'cleanup.policy=delete',
    },
    {
      // By the producer's time, what an ingress appends whose clock is behind by more than the retention is removed within minutes.
      setting: 'message.timestamp.type',
      value: settings.timestampType,
      needed: TIMESTAMP_TYPE,
      weak: settings.timestampType !== TIMESTAMP_TYPE,
      isTolerated: true,
      config: `message.timestamp.type=${TIMESTAMP_TYPE}`,
    },
  ];
}
