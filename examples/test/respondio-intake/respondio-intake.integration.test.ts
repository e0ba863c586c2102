import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createHandlerPg } from '@ackline/handlers/services/handler-pg';
import { runHandler } from '@ackline/handlers/testing';
import { createTestDatabase, type TestDatabase } from '@ackline/testkit/database';
import { permutations } from '../permutations.ts';
import { respondioIntake } from '../../respondio-intake/handlers/respondio-intake.ts';

interface Said {
  readonly contact?: object;
  readonly message?: object;
  readonly [field: string]: unknown;
}

describe('the respond.io intake', () => {
  let database: TestDatabase;
  let pg: ReturnType<typeof createHandlerPg>;
  before(async () => {
    database = await createTestDatabase({ migrated: false });
    pg = createHandlerPg({ connectionString: database.url, connections: 8 }, 'test');
  });
  after(async () => {
    await pg.close();
    await database.close();
  });

  async function told(body: Said, source = 'faster-incoming') {
    const timestamp: unknown = (body.message as { timestamp?: unknown } | undefined)?.timestamp;
    const event = {
      body,
      source,
      tenant: source.split('-')[0] ?? '',
      occurredAt: typeof timestamp === 'number' ? timestamp : null,
      receivedAt: 1_795_000_000_000,
    };
    return (await runHandler(respondioIntake, event, { pg, settings: { createTables: true } })).result;
  }
  const contacts = async (id: string) =>
    (
      await pg.query(
        `select tenant, phone, first_name, fields from respondio_intake.contacts where id = $1 order by tenant`,
        [id],
      )
    ).rows;
  const messages = async (contact: string) =>
    (
      await pg.query(
        `select tenant, channel_id, id, direction, type, body, sent_at::text
           from respondio_intake.messages where contact_id = $1 order by tenant, sent_at, id`,
        [contact],
      )
    ).rows;

  it('keeps a contact and its messages, of each tenant and direction, as the bare payload tells them', async () => {
    const body = {
      contact: { id: '123', phone: '+1234567890' },
      message: { messageId: 'msg_123', timestamp: 1_234_567_890_000 },
      channel: { id: 'ch_123', name: 'WhatsApp' },
    };
    const sources = ['faster-incoming', 'vip-outgoing'];
    const results = await Promise.all(sources.map(source => told(body, source)));
    assert.deepEqual(results, [{ kind: 'done' }, { kind: 'done' }]);
    const contact = { phone: '+1234567890', first_name: null, fields: body.contact };
    assert.deepEqual(await contacts('123'), [
      { tenant: 'faster', ...contact },
      { tenant: 'vip', ...contact },
    ]);
    const message = {
      channel_id: 'ch_123',
      id: 'msg_123',
      type: null,
      body: null,
      sent_at: '2009-02-13 23:31:30+00',
    };
    assert.deepEqual(await messages('123'), [
      { tenant: 'faster', ...message, direction: 'incoming' },
      { tenant: 'vip', ...message, direction: 'outgoing' },
    ]);
  });

  it('comes to the same rows in whatever order events come, and however often', async () => {
    // Of the two with one time that of the later id is the newer.
    const parts = [
      ['a', 1_000],
      ['b', 2_000],
      ['c', 2_000],
      ['d', 3_000],
    ] as const;
    const orders = permutations(parts);
    for (const [n, order] of orders.entries()) {
      for (const [id, timestamp] of [...order, ...order.slice(0, 1)]) {
        const result = await told({
          contact: { id: `order-${n}`, firstName: `name ${id}` },
          message: { messageId: `${id}-${n}`, timestamp, message: { type: 'text', text: `text ${id}` } },
        });
        assert.deepEqual(result, { kind: 'done' });
      }
    }
    for (const n of orders.keys()) {
      assert.deepEqual(
        (await contacts(`order-${n}`)).map(row => row['first_name']),
        ['name d'],
      );
      assert.deepEqual(
        (await messages(`order-${n}`)).map(row => [row['id'], row['body']]),
        parts.map(([id]) => [`${id}-${n}`, `text ${id}`]),
      );
    }
  });

  it('takes events without a message, a later form of a message, and text that PostgreSQL has not', async () => {
    const message = {
      messageId: 77,
      timestamp: 5_000,
      traffic: 'outgoing',
      message: { type: 'text', text: 'a\0\ud800b' },
    };
    const contact = { id: 9, firstName: 'N\0ul', tags: ['half \ud83d'] };
    assert.deepEqual(await told({ contact, message }), { kind: 'done' });
    const later = { ...message, timestamp: 6_000, message: { type: 'text', text: 'edited' } };
    const changed = { ...contact, firstName: 'Ada' };
    assert.deepEqual(await told({ contact: changed, event_type: 'contact.updated' }), { kind: 'done' });
    assert.deepEqual(
      (await messages('9')).map(row => [row['direction'], row['body']]),
      [['outgoing', 'a\ufffdb']],
    );
    assert.deepEqual(await told({ contact, message: later }), { kind: 'done' });
    assert.deepEqual(
      (await messages('9')).map(row => row['body']),
      ['edited'],
    );
    assert.deepEqual(
      (await contacts('9')).map(({ first_name, fields }) => [first_name, fields]),
      [['Ada', { id: 9, firstName: 'Ada', tags: ['half \ufffd'] }]],
    );
  });

  it('gives up what names no contact, or has an id whose digits are gone', async () => {
    for (const body of [
      { message: { messageId: 'm' } },
      { contact: { phone: '+1' } },
      { contact: { id: 2 ** 60 } },
      { contact: { id: 1 }, message: { messageId: 2 ** 60 } },
    ]) {
      const result = await told(body);
      assert.equal(result.kind, 'given-up', JSON.stringify(result));
    }
  });
});
