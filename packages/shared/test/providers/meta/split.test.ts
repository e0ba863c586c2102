import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { metaEvents } from '../../../src/providers/meta/events.ts';
import { meta } from '../../../src/providers/meta.ts';
import {
  BATCH,
  chat,
  MESSENGER,
  names,
  page,
  partsOf,
  partsOfValue,
  PHONE,
  TEXT,
  textOf,
  WABA,
  webhook,
  wholeOf,
} from './bodies.ts';
import { fixture, identityOf } from '../support/requests.ts';

describe('meta events', () => {
  it('are looked at one by one: what only asks whether there is a second one reads no third', () => {
    const unread = {
      get id(): never {
        throw new Error('read');
      },
    };
    const three = chat({ messages: [{ id: 'a' }, { id: 'b' }, unread] });
    assert.equal([...metaEvents(three).take(2)].length, 2);
    assert.equal([...metaEvents(page({}, {}, unread)).take(2)].length, 2);
  });
});

describe('meta split', () => {
  it('gives each message, each state and each other change an identity of its own, in the order of the body', () => {
    assert.deepEqual(
      partsOf(BATCH).map(({ identity }) => [identity.type, identity.dedupKey, identity.orderingKey]),
      [
        ['whatsapp.message', 'message|wamid.A==', `${WABA}|${PHONE}|16505550000`],
        ['whatsapp.message', 'message|wamid.B==', `${WABA}|${PHONE}|16505551234`],
        ['whatsapp.status', 'status|wamid.C==|read|1749416385|16505551234', `${WABA}|${PHONE}|16505551234`],
        [
          'whatsapp.status',
          'status|wamid.C==|delivered|1749416385|16505551234',
          `${WABA}|${PHONE}|16505551234`,
        ],
        ['whatsapp.account_update', null, WABA],
      ],
    );
    assert.deepEqual(
      partsOf(MESSENGER).map(({ identity }) => [identity.type, identity.orderingKey, identity.occurredAt]),
      [
        ['page.message', '682498302938465|1254459154682919', 1_518_479_195_308],
        ['page.message_echo', '682498302938465|1254459154682919', 1_518_479_195_309],
        ['page.delivery', '682498302938465|1254459154682919', 1_518_479_196_000],
      ],
    );
  });

  it("makes bodies of Meta's own form, with the event's own bytes and its contact", () => {
    const head = `{"object":"whatsapp_business_account","entry":[{"id":"${WABA}","changes":[`;
    const value = `"value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550783881","phone_number_id":"${PHONE}"},`;
    assert.deepEqual(partsOf(BATCH).map(textOf), [
      `${head}{"field":"messages",${value}"contacts":[{"profile":{"name":"Ada, \\"A\\""},"wa_id":"16505550000"}],"messages":[ {"from":"16505550000","id":"wamid.A==","timestamp":"1749416383","type":"text","text":{"body":"[1,{\\"a\\":2}]"}}]}}]}]}`,
      `${head}{"field":"messages",${value}"contacts":[{"profile":{"name":"Zo\\u00eb"},"wa_id":"16505551234"}],"messages":[{"from":"16505551234","id":"wamid.B==","timestamp":"1749416384","type":"text","text":{"body":"\\u00e4"},"n":9007199254740993}]}}]}]}`,
      `${head}{"field":"messages",${value}"statuses":[{"id":"wamid.C==","status":"read","timestamp":"1749416385","recipient_id":"16505551234"}]}}]}]}`,
      `${head}{"field":"messages",${value}"statuses":[{"id":"wamid.C==","status":"delivered","timestamp":"1749416385","recipient_id":"16505551234"}]}}]}]}`,
      `${head}{"value":{"event":"VERIFIED_ACCOUNT"},"field":"account_update"}]}]}`,
    ]);
    const [, echo] = partsOf(MESSENGER);
    assert.ok(echo);
    const whole = JSON.parse(MESSENGER.toString()) as { entry: [{ messaging: unknown[] }] };
    const [entry] = whole.entry;
    assert.deepEqual(JSON.parse(textOf(echo)), {
      ...whole,
      entry: [{ ...entry, messaging: [entry.messaging[1]] }],
    });
  });

  it('leaves a body with one event as it is signed, and one without any whole', () => {
    for (const body of [TEXT, fixture('meta/instagram.json')]) {
      const [part, ...others] = partsOf(body);
      assert.deepEqual([textOf(part ?? { body: Buffer.from('') }), others], [body.toString(), []]);
    }
    for (const body of ['{}', '{"object":"page","entry":[]}', '{"entry":{"changes":[{}]}}', 'x', '[]'])
      assert.deepEqual(partsOf(body), [], body);
  });

  it('names each part as the whole body is named that has it alone', () => {
    for (const name of names) {
      for (const { identity, body } of partsOf(fixture(`meta/${name}.json`))) {
        const account = identity.orderingKey?.split('|')[0] ?? null;
        assert.deepEqual(identityOf(meta, webhook(body, '')), { ...identity, orderingKey: account });
        assert.deepEqual(
          partsOf(body).map(part => part.identity),
          [identity],
        );
      }
    }
  });

  it('is the same event in whatever batch it comes', () => {
    const message = (id: number) => ({ from: `1555${id % 7}`, id: `wamid.${id}`, timestamp: '1749416383' });
    const bodyOf = (ids: readonly number[]) => ({
      object: 'whatsapp_business_account',
      entry: [{ id: WABA, changes: [{ field: 'messages', value: { messages: ids.map(message) } }] }],
    });
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(1_000), { minLength: 1, maxLength: 20 }), ids => {
        const together = partsOfValue(bodyOf(ids));
        assert.deepEqual(
          together,
          ids.flatMap(id => partsOfValue(bodyOf([id]))),
        );
      }),
    );
  });

  it('tells what happened to one message apart, and never takes a second click for the first', () => {
    const of = (timestamp: number, what: object) => ({
      sender: { id: 'U1' },
      recipient: { id: 'P1' },
      timestamp,
      ...what,
    });
    const parts = partsOfValue(
      page(
        of(1, { message: { mid: 'm1' } }),
        of(1, { message: { mid: 'm1', is_deleted: true } }),
        of(1, { message_edit: { mid: 'm1' } }),
        of(1, { reaction: { mid: 'm1' } }),
        of(1, { postback: { mid: 'm1' } }),
        of(2, { postback: { mid: 'm1' } }),
        of(1, { prior_message: { source: 'x' }, message: { mid: 'm2' } }),
        of(1, { read: { watermark: 5 } }),
        { sender: { id: 'U1' }, message: { mid: 'm1' } },
      ),
    );
    assert.deepEqual(
      parts.map(({ dedupKey }) => dedupKey),
      [
        'page.message|m1|1',
        'page.message_deleted|m1|1',
        'page.message_edit|m1|1',
        'page.reaction|m1|1',
        'page.postback|m1|1',
        'page.postback|m1|2',
        'page.message|m2|1',
        null,
        null,
      ],
    );
  });

  it("tells one participant's state in a group from another's", () => {
    const read = { id: 'wamid.A', status: 'read', timestamp: '1749416385', recipient_id: 'G' };
    const parts = partsOfValue(
      chat({
        statuses: [
          { ...read, recipient_participant_id: 'A' },
          { ...read, recipient_participant_id: 'B' },
          { ...read, recipient_participant_user_id: 'BS.1' },
          { ...read, recipient_id: 'H' },
          { id: 'wamid.A', status: 'read', timestamp: '1749416385', recipient_user_id: 'BS.1' },
        ],
      }),
    );
    const start = 'status|wamid.A|read|1749416385';
    assert.deepEqual(
      parts.map(({ dedupKey }) => dedupKey),
      [`${start}|G|A`, `${start}|G|B`, `${start}|G|BS.1`, `${start}|H`, `${start}|BS.1`],
    );
  });

  it('takes an entry without lists for an event, and never the message beside it for the whole body', () => {
    const comment = { id: '17841', time: 1, field: 'comments', value: { id: 'C1', text: 'Hi' } };
    const changed = { id: '17841', uid: '17841', changed_fields: ['email'] };
    const message = {
      id: '17841',
      messaging: [{ sender: { id: 'U' }, timestamp: 1, message: { mid: 'm' } }],
    };
    const bodyOf = (...entry: unknown[]) => JSON.stringify({ object: 'instagram', entry });
    const body = bodyOf(comment, message, changed, { id: '17841', changes: [] });
    const whole = identityOf(meta, webhook(body, ''));
    assert.deepEqual([whole.type, whole.dedupKey, whole.orderingKey], ['instagram.batch', null, '17841']);
    assert.deepEqual(
      partsOf(body).map(({ identity }) => [identity.type, identity.dedupKey, identity.orderingKey]),
      [
        ['instagram.comments', null, '17841'],
        ['instagram.message', 'instagram.message|m|1', '17841|U'],
        ['instagram', null, '17841'],
        ['instagram', null, '17841'],
      ],
    );
    assert.deepEqual(partsOf(body).map(textOf).slice(0, 3), [
      bodyOf(comment),
      bodyOf(message),
      bodyOf(changed),
    ]);
    assert.deepEqual(partsOf(bodyOf(comment)).map(textOf), [bodyOf(comment)]);
    assert.equal(wholeOf({ object: 'instagram', entry: [comment] }).type, 'instagram.comments');
  });

  it("gives each message and state its own person's contact, and none where that is not known", () => {
    const contactsOf = (value: object) =>
      partsOf(JSON.stringify(chat(value))).map(part => /"wa_id":"(\w+)"/.exec(textOf(part))?.[1] ?? null);
    const contacts = [{ wa_id: 'B', user_id: 'BS.B' }, { wa_id: 'A' }];
    const of = (from: string) => ({ from, group_id: 'G' });
    assert.deepEqual(contactsOf({ contacts, messages: [of('A'), of('B')] }), ['A', 'B']);
    const byId = [{ from_user_id: 'BS.B' }, { from_user_id: 'BS.B' }, { from: 'C' }];
    assert.deepEqual(contactsOf({ contacts, messages: byId }), ['B', 'B', null]);
    const to = (person: string) => ({ recipient_id: 'G', recipient_participant_id: person });
    assert.deepEqual(contactsOf({ contacts, statuses: [to('A'), to('B')] }), ['A', 'B']);
    assert.deepEqual(contactsOf({ contacts, messages: [of('C'), of('B')] }), [null, 'B'], 'of another');
    assert.deepEqual(contactsOf({ contacts, messages: [of('B'), of('C')] }), ['B', 'A'], 'by its place');
  });

  it('orders a group by itself, and who has no number by his id', () => {
    const keysOf = (...messages: unknown[]) =>
      partsOfValue(chat({ messages })).map(({ orderingKey }) => orderingKey);
    assert.deepEqual(keysOf({ from: '1', group_id: 'G' }, { from: '1' }, { from_user_id: 'BS.1' }, {}), [
      'W|G',
      'W|1',
      'W|BS.1',
      'W',
    ]);
  });

  it('gives each of 1,000 messages its own contact alone', () => {
    const people = Array.from({ length: 1_000 }, (_, index) => `1555${String(index).padStart(7, '0')}`);
    const value = {
      contacts: people.map(wa_id => ({ profile: { name: 'Ada' }, wa_id })),
      messages: people.map(from => ({ from, id: `wamid.${from}` })),
    };
    const parts = partsOf(JSON.stringify(chat(value)));
    assert.equal(parts.length, 1_000);
    for (const [index, part] of parts.entries())
      assert.equal(textOf(part).split(people[index] ?? '').length, 4, 'contact, from and id');
  });
});
