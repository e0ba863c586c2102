import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeMeta } from '@ackline/shared/envelope-codec';
import type { Provider } from '@ackline/shared/provider';
import { partId, splitEvent } from '../../src/storing/split-event.ts';
import { storableFromEnvelope } from '../../src/storing/storable.ts';
import { sampleEvent } from '../events.ts';

/** A body is a JSON list of names; each is an event of its own. */
const lister: Pick<Provider, 'split'> = {
  split({ body }) {
    const names = JSON.parse(Buffer.from(body).toString('utf8')) as string[];
    return names.map(name => ({
      body: Buffer.from(JSON.stringify(name)),
      identity: {
        type: 'name',
        dedupKey: name === 'unknown' ? null : name,
        orderingKey: `name|${name}`,
        occurredAt: null,
        priority: 'high' as const,
      },
    }));
  },
};

const parent = (body: string) => storableFromEnvelope(sampleEvent({ body: Buffer.from(body) }));

describe('a body with several events', () => {
  it('becomes one event each, in order, with the parent’s headers and an identity of its own', () => {
    const event = parent('["ada","unknown"]');
    const parts = splitEvent(event, lister);
    assert.deepEqual(
      parts.map(({ meta, body }) => [meta.type, meta.dedupKey, meta.priority, Buffer.from(body).toString()]),
      [
        ['name', 'ada', 'high', '"ada"'],
        ['name', parts[1]?.meta.id, 'high', '"unknown"'],
      ],
    );
    for (const { meta, sealed } of parts) {
      assert.deepEqual(meta.headers, event.meta.headers);
      assert.deepEqual(decodeMeta(sealed.meta), meta, 'what is stored is what was decided by');
    }
  });

  it('gives each part its own ordering key under the lane of the parent’s, and none where that has none', () => {
    for (const [orderingKey, expected] of [
      ['account', 'name|ada'],
      [null, null],
    ] as const) {
      const body = Buffer.from('["ada"]');
      const [part] = splitEvent(storableFromEnvelope(sampleEvent({ body, orderingKey })), lister);
      assert.equal(part?.meta.orderingKey, expected);
      assert.equal(decodeMeta(part?.sealed.meta ?? Buffer.from('')).orderingKey, expected);
    }
  });

  it('stays whole where it has more parts than a transaction should store', () => {
    const many = parent(JSON.stringify(Array.from({ length: 1_001 }, (_, n) => `name-${n}`)));
    assert.equal(splitEvent(many, lister).length, 1);
    assert.equal(splitEvent(parent(JSON.stringify(Array(1_000).fill('unknown'))), lister).length, 1_000);
  });

  it('gives the same ids each time, others for each part, and valid ones', () => {
    const event = parent('["a","b"]');
    const ids = splitEvent(event, lister).map(part => part.meta.id);
    assert.deepEqual(
      splitEvent(event, lister).map(part => part.meta.id),
      ids,
    );
    assert.equal(new Set([...ids, event.meta.id]).size, 3);
    for (const id of ids)
      assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.notEqual(partId(event.meta.id, 0), partId(event.meta.id, 1));
  });

  it('stays whole where the provider has nothing to split, or does not split', () => {
    const empty = parent('[]');
    assert.deepEqual(splitEvent(empty, lister), [empty]);
    assert.deepEqual(splitEvent(empty, {}), [empty]);
    assert.deepEqual(splitEvent(empty, undefined), [empty]);
  });
});
