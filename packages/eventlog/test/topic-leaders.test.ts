import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { metadataV12, Reader, Writer } from '@platformatic/kafka';
import { choosePartition } from '../src/kafka-sender.ts';
import { askLeaders } from '../src/topic-leaders.ts';

const METADATA_API = 3;
const LEADER_NOT_AVAILABLE = 5;
const UUID = '00000000-0000-4000-8000-000000000001';

interface Answer {
  readonly topicError?: number;
  /** By partition; null: nobody. */
  readonly leaders: readonly (number | null)[];
}

/** A client that a broker answered so: by the library's own parser, on a broker's bytes. */
function answered({ topicError = 0, leaders }: Answer) {
  const bytes = Writer.create()
    .appendInt32(0)
    .appendArray([1, 2], (writer, node) =>
      writer.appendInt32(node).appendString('localhost').appendInt32(9092).appendString(null),
    )
    .appendString('cluster')
    .appendInt32(1)
    .appendArray(['orders'], (topics, name) => {
      topics.appendInt16(topicError).appendString(name).appendUUID(UUID).appendBoolean(false);
      topics.appendArray([...leaders.entries()].toReversed(), (partitions, [index, leader]) => {
        partitions.appendInt16(leader === null ? LEADER_NOT_AVAILABLE : 0).appendInt32(index);
        partitions.appendInt32(leader ?? -1).appendInt32(0);
        for (let list = 0; list < 3; list++)
          partitions.appendArray([1], (nodes, node) => nodes.appendInt32(node), true, false);
      });
      topics.appendInt32(0);
    })
    .appendTaggedFields();
  const parse = () => metadataV12.parseResponse(0, METADATA_API, 12, Reader.from(bytes.buffer));
  return { metadata: () => Promise.resolve().then(parse) as never };
}

describe('the leaders of a topic', () => {
  it('are known though a partition has none', async () => {
    assert.deepEqual(await askLeaders(answered({ leaders: [2, null, 1] }), 'orders'), [2, null, 1]);
    assert.deepEqual(await askLeaders(answered({ leaders: [null] }), 'orders'), [null]);
  });

  it('are not known of a topic that is being made', async () => {
    await assert.rejects(askLeaders(answered({ topicError: LEADER_NOT_AVAILABLE, leaders: [] }), 'orders'));
  });
});

describe('the partition of a record', () => {
  it('is its key’s, whoever leads', () => {
    const partition = choosePartition([1, 1, 1, 1], Buffer.from('chat-7'), 0);
    assert.equal(choosePartition([null, null, null, null], Buffer.from('chat-7'), 5), partition);
  });

  it('is the one that Java’s clients choose', () => {
    const ten = Array<number>(10).fill(1);
    // From the hashes that Kafka's own tests expect: 1357151166 and 1173551340.
    assert.equal(choosePartition(ten, Buffer.from('foobar'), 0), 6);
    assert.equal(choosePartition(ten, Buffer.from('21'), 0), 0);
  });

  it('is in turn one of those that somebody leads where it has no key', () => {
    const turns = [0, 1, 2, 3].map(turn => choosePartition([1, null, 2], null, turn));
    assert.deepEqual(turns, [0, 2, 0, 2]);
    assert.equal(choosePartition([null], null, 3), 0);
  });
});
