import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { metadataV9, Reader, Writer } from '@platformatic/kafka';
import { choosePartition } from '../src/kafka-sender.ts';
import { leadersIn } from '../src/topic-leaders.ts';

const METADATA_API = 3;
const LEADER_NOT_AVAILABLE = 5;
const ONE = { host: 'one', port: 9092 };
const TWO = { host: 'two', port: 9092 };

interface Answer {
  readonly topicError?: number;
  /** By partition; null: nobody. */
  readonly leaders: readonly (number | null)[];
}

/** What the client makes of a broker's bytes. */
async function answered({ topicError = 0, leaders }: Answer): Promise<metadataV9.MetadataResponse> {
  const bytes = Writer.create()
    .appendInt32(0)
    .appendArray([1, 2], (writer, node) =>
      writer
        .appendInt32(node)
        .appendString(node === 1 ? ONE.host : TWO.host)
        .appendInt32(9092)
        .appendString(null),
    )
    .appendString('cluster')
    .appendInt32(1)
    .appendArray(['orders'], (topics, name) => {
      topics.appendInt16(topicError).appendString(name).appendBoolean(false);
      topics.appendArray([...leaders.entries()].toReversed(), (partitions, [index, leader]) => {
        partitions.appendInt16(leader === null ? LEADER_NOT_AVAILABLE : 0).appendInt32(index);
        partitions.appendInt32(leader ?? -1).appendInt32(0);
        for (let list = 0; list < 3; list++)
          partitions.appendArray([1], (nodes, node) => nodes.appendInt32(node), true, false);
      });
      topics.appendInt32(0);
    })
    .appendInt32(0)
    .appendTaggedFields();
  return metadataV9.parseResponse(0, METADATA_API, 9, Reader.from(bytes.buffer));
}

describe('the leaders of a topic', () => {
  it('are known though a partition has none', async () => {
    assert.deepEqual(await leadersIn(answered({ leaders: [2, null, 1] }), 'orders'), [TWO, null, ONE]);
    assert.deepEqual(await leadersIn(answered({ leaders: [null] }), 'orders'), [null]);
    assert.deepEqual(await leadersIn(answered({ leaders: [1, 2] }), 'orders'), [ONE, TWO]);
  });

  it('are not known of a topic that is being made', async () => {
    await assert.rejects(leadersIn(answered({ topicError: LEADER_NOT_AVAILABLE, leaders: [] }), 'orders'));
  });
});

describe('the partition of a record', () => {
  it('is its key’s, whoever leads', () => {
    const partition = choosePartition([ONE, ONE, ONE, ONE], Buffer.from('chat-7'), 0);
    assert.equal(choosePartition([null, null, null, null], Buffer.from('chat-7'), 5), partition);
  });

  it('is the one that Java’s clients choose', () => {
    const ten = Array<typeof ONE>(10).fill(ONE);
    // From the hashes that Kafka's own tests expect: 1357151166 and 1173551340.
    assert.equal(choosePartition(ten, Buffer.from('foobar'), 0), 6);
    assert.equal(choosePartition(ten, Buffer.from('21'), 0), 0);
  });

  it('is in turn one of those that somebody leads where it has no key', () => {
    const turns = [0, 1, 2, 3].map(turn => choosePartition([ONE, null, TWO], null, turn));
    assert.deepEqual(turns, [0, 2, 0, 2]);
    assert.equal(choosePartition([null], null, 3), 0);
  });
});
