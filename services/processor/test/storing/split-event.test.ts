import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeMeta } from '@ackline/shared/envelope-codec';
import type { EventEnvelope } from '@ackline/shared/envelope';
import type { Provider } from '@ackline/shared/provider';
import { line } from '@ackline/shared/providers/line';
import { meta } from '@ackline/shared/providers/meta';
import { sendgrid } from '@ackline/shared/providers/sendgrid';
import { atOnce } from '@ackline/shared/routing/fan-out';
import { MAX_SPLIT, partId, splitEvent, storedBytesOf } from '../../src/storing/split-event.ts';
import { storableFromEnvelope } from '../../src/storing/storable.ts';
import { sampleEvent } from '../events.ts';
import { LARGEST_BATCH } from './sendgrid-batch.ts';

/** A body is a JSON list of names; each is an event of its own. */
const lister: Pick<Provider, 'split'> = {
  *split({ body }) {
    for (const name of JSON.parse(Buffer.from(body).toString('utf8')) as string[]) {
      const dedupKey = name === 'unknown' ? null : name;
      const orderingKey = `name|${name}`;
      const identity = { type: 'name', dedupKey, orderingKey, occurredAt: null, priority: 'high' as const };
      yield { body: Buffer.from(JSON.stringify(name)), identity };
    }
  },
};

const parent = (body: string | Buffer, more: Partial<EventEnvelope> = {}) =>
  storableFromEnvelope(sampleEvent({ body: Buffer.from(body), ...more }));
const split = (...given: Parameters<typeof splitEvent>) => atOnce(splitEvent(...given));
const partsOf = (...given: Parameters<typeof splitEvent>) => split(...given) ?? assert.fail('it stays whole');

describe('a body with several events', () => {
  it('becomes one event each, in order, with the parent’s headers and an identity of its own', () => {
    const event = parent('["ada","unknown"]');
    const parts = partsOf(event, lister);
    assert.deepEqual(
      parts.map(({ meta: own, body }) => [
        own.type,
        own.dedupKey,
        own.priority,
        Buffer.from(body).toString(),
      ]),
      [
        ['name', 'ada', 'high', '"ada"'],
        ['name', parts[1]?.meta.id, 'high', '"unknown"'],
      ],
    );
    for (const { meta: own, sealed } of parts) {
      assert.deepEqual(own.headers, event.meta.headers);
      assert.deepEqual(decodeMeta(sealed.meta), own, 'what is stored is what was decided by');
    }
  });

  it('gives each part its own ordering key under the lane of the parent’s, and none where that has none', () => {
    for (const [orderingKey, expected] of [
      ['account', 'name|ada'],
      [null, null],
    ] as const) {
      const [part] = partsOf(parent('["ada"]', { orderingKey }), lister);
      assert.equal(part?.meta.orderingKey, expected);
      assert.equal(decodeMeta(part?.sealed.meta ?? Buffer.from('')).orderingKey, expected);
    }
  });

  it('gives the same ids each time, others for each part, and valid ones', () => {
    const event = parent('["a","b"]');
    const ids = partsOf(event, lister).map(part => part.meta.id);
    assert.deepEqual(
      partsOf(event, lister).map(part => part.meta.id),
      ids,
    );
    assert.equal(new Set([...ids, event.meta.id]).size, 3);
    for (const id of ids)
      assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.notEqual(partId(event.meta.id, 0), partId(event.meta.id, 1));
  });

  it('stays whole where the provider has nothing to split, or does not split', () => {
    const empty = parent('[]');
    assert.deepEqual(split(empty, lister), [empty]);
    assert.deepEqual(split(empty, {}), [empty]);
    assert.deepEqual(split(empty, undefined), [empty]);
  });

  it('is split as large as SendGrid sends it, and all of it is in its parts', () => {
    const parts = partsOf(parent(LARGEST_BATCH, { orderingKey: 'account' }), sendgrid);
    assert.ok(parts.length > 3_000, String(parts.length));
    assert.equal(new Set(parts.map(part => part.meta.dedupKey)).size, parts.length);
    assert.deepEqual(new Set(parts.map(part => part.meta.type)), new Set(['spamreport']));
    const events = parts.map(({ body }) => Buffer.from(body).toString().slice(1, -1));
    assert.equal(`[${events.join(',\r\n')}]\r\n`, LARGEST_BATCH.toString());
  });
});

describe('a body with more than one transaction should store', () => {
  it('stays whole by the number of its parts', () => {
    const names = (count: number) => parent(JSON.stringify(Array.from({ length: count }, (_, n) => `${n}`)));
    const many = names(MAX_SPLIT.parts + 1);
    assert.equal(split(many, lister), null);
    assert.equal(partsOf(names(MAX_SPLIT.parts), lister).length, MAX_SPLIT.parts);
  });

  it('stays whole where the headers that each part has again are large', () => {
    const withHeaders = (bytes: number) =>
      parent(JSON.stringify(Array(2_000).fill('unknown')), { headers: [['Cookie', 'x'.repeat(bytes)]] });
    const large = withHeaders(16_000);
    assert.equal(split(large, lister), null);
    assert.equal(partsOf(withHeaders(1_000), lister).length, 2_000);
  });

  const x = (bytes: number) => 'x'.repeat(bytes);
  for (const [provider, body] of [
    [line, `{"destination":"${x(30_000)}","events":[${'0,'.repeat(999)}0]}`],
    [meta, `{"object":"page","note":"${x(30_000)}","entry":[{"messaging":[${'{},'.repeat(999)}{}]}]}`],
  ] as const) {
    it(`stays whole where what each part of ${provider.name} has again is large, and no more is made than fits`, () => {
      let made = 0;
      const counted: Pick<Provider, 'split'> = {
        *split(event) {
          for (const part of provider.split?.(event) ?? []) {
            made += part.body.length;
            yield part;
          }
        },
      };
      const event = parent(body);
      assert.equal(split(event, counted), null);
      assert.ok(made < MAX_SPLIT.bytes + 31_000, `${made} bytes`);
    });
  }

  it('is never a single event, however large it is', () => {
    const body = JSON.stringify([{ event: 'open', note: x(MAX_SPLIT.bytes) }]);
    const [only, ...others] = partsOf(parent(body), sendgrid);
    assert.ok(only !== undefined && storedBytesOf(only) > MAX_SPLIT.bytes);
    assert.deepEqual([only.meta.type, others], ['open', []]);
  });
});
