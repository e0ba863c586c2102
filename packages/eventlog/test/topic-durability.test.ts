import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeDurability, type TopicSettings } from '../src/topic-durability.ts';

const DURABLE: TopicSettings = {
  replicationFactor: 3,
  minInsyncReplicas: 2,
  uncleanLeaderElection: false,
  retentionMs: 604_800_000,
  retentionBytes: -1,
  cleanupPolicy: 'delete',
  timestampType: 'LogAppendTime',
};

const judge = (settings: Partial<TopicSettings>) =>
  judgeDurability({ ...DURABLE, ...settings }, 'ackline.events.v1', ['k1:9092', 'k2:9092']);

describe('topic durability', () => {
  it('has nothing to say of a topic that is as strong as the ack contract, or stronger', () => {
    for (const settings of [{}, { replicationFactor: 5, minInsyncReplicas: 3 }, { retentionMs: -1 }]) {
      assert.deepEqual(judge(settings), { weaknesses: [], tolerated: [], warnings: [], fixes: [] });
    }
  });

  it('names each weaker setting with its value and what is needed', () => {
    const weak: readonly [Partial<TopicSettings>, string][] = [
      [{ replicationFactor: 2 }, 'replication factor is 2, needed: 3 or more'],
      [{ minInsyncReplicas: 1 }, 'min.insync.replicas is 1, needed: 2 or more'],
      [{ uncleanLeaderElection: true }, 'unclean.leader.election.enable is true, needed: false'],
      [{ retentionMs: 604_799_999 }, 'retention.ms is 604799999, needed: 604800000 (7 days) or more'],
      [{ retentionMs: 0 }, 'retention.ms is 0, needed: 604800000 (7 days) or more'],
      [{ retentionBytes: 1_000_000 }, 'retention.bytes is 1000000, needed: -1 (no limit by size)'],
      [{ cleanupPolicy: 'compact' }, 'cleanup.policy is compact, needed: delete'],
      [{ cleanupPolicy: 'compact,delete' }, 'cleanup.policy is compact,delete, needed: delete'],
    ];
    for (const [settings, sentence] of weak) {
      const { weaknesses } = judge(settings);
      assert.equal(weaknesses[0], sentence);
    }
    assert.equal(judge({ minInsyncReplicas: 1, uncleanLeaderElection: true }).weaknesses.length, 2);
  });

  it('says by which commands they are repaired, all settings in one', () => {
    assert.deepEqual(judge({ minInsyncReplicas: 1, retentionMs: 1 }).fixes, [
      'kafka-configs.sh --bootstrap-server k1:9092,k2:9092 --alter --entity-type topics --entity-name ackline.events.v1 --add-config min.insync.replicas=2,retention.ms=1209600000',
    ]);
    assert.match(
      judge({ replicationFactor: 1 }).fixes[0] ?? '',
      /^kafka-reassign-partitions\.sh .*three replicas/,
    );
  });

  it('names that a topic keeps records by the time of their producers, which is no reason not to use it', () => {
    assert.deepEqual(judge({ timestampType: 'CreateTime' }), {
      weaknesses: [],
      tolerated: ['message.timestamp.type is CreateTime, needed: LogAppendTime'],
      warnings: [],
      fixes: [
        'kafka-configs.sh --bootstrap-server k1:9092,k2:9092 --alter --entity-type topics --entity-name ackline.events.v1 --add-config message.timestamp.type=LogAppendTime',
      ],
    });
  });

  it('warns where every replica has to be in sync, without calling it weak', () => {
    const { weaknesses, warnings } = judge({ minInsyncReplicas: 3 });
    assert.deepEqual(weaknesses, []);
    assert.match(warnings[0] ?? '', /min\.insync\.replicas equals the replication factor/);
  });
});
