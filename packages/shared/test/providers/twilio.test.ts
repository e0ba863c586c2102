import assert from 'node:assert/strict';
import { parse } from 'node:querystring';
import { describe, it } from 'node:test';

import sdk from 'twilio';

import type { ReceivedRequest } from '../../src/provider.ts';
import { twilio } from '../../src/providers/twilio.ts';
import { fixture, identityOf, NOW, post, signedBody, signedSample, URL_CALLED } from './support/requests.ts';
import { headerOf } from './support/signed-provider.ts';

const SM = 'SM0123456789abcdef0123456789abcdef';
const MM = 'MMfedcba9876543210fedcba9876543210';
const UNKNOWN = { type: 'unknown', dedupKey: null, orderingKey: null, occurredAt: null, priority: 'normal' };

const form = (body: string | Uint8Array) =>
  post([['Content-Type', 'application/x-www-form-urlencoded; charset=UTF-8']], body);
const json = (body: string | Uint8Array) => post([['Content-Type', 'application/json']], body);
const ofFields = (...fields: [string, string][]) =>
  identityOf(twilio, form(new URLSearchParams(fields).toString()));
const ofFixture = (name: string) => identityOf(twilio, form(fixture(`twilio/${name}.form`)));

describe('twilio identify, incoming messages', () => {
  it('names an SMS by its sid and its conversation by both numbers', () => {
    assert.deepEqual(ofFixture('incoming-sms'), {
      type: 'message.received',
      dedupKey: SM,
      orderingKey: '+15550001111|+15550009999',
      occurredAt: null,
      priority: 'normal',
    });
  });

  it('gives a message with media high priority', () => {
    assert.deepEqual(ofFixture('incoming-whatsapp-media'), {
      type: 'message.received',
      dedupKey: MM,
      orderingKey: 'whatsapp:+15550001111|whatsapp:+15550009999',
      occurredAt: null,
      priority: 'high',
    });
    for (const count of ['0', '', '-1', '1e3', '00', 'many', '1000']) {
      assert.equal(ofFields(['MessageSid', SM], ['NumMedia', count]).priority, 'normal', count);
    }
  });

  it('reads the same fields out of every spelling', () => {
    for (const name of ['unicode-plus-percent', 'spelled-otherwise', 'repeated-parameters']) {
      assert.equal(ofFixture(name).dedupKey, SM, name);
      assert.equal(ofFixture(name).orderingKey, '+15550001111|+15550009999', name);
    }
  });

  it('promises no order where an address is missing, empty or ambiguous', () => {
    for (const from of [
      [],
      [['From', '']],
      [
        ['From', 'a'],
        ['From', 'b'],
      ],
    ] as [string, string][][]) {
      const identity = ofFields(['MessageSid', SM], ['To', '+1'], ...from);
      assert.equal(identity.orderingKey, null);
      assert.equal(identity.dedupKey, SM);
    }
  });

  it('does not take what only folds into an id for one', () => {
    // All of these can be cut out of one signed text, since Twilio signs fields without separators.
    const folded = [
      `${SM}NumMedia0`,
      `${SM}\n`,
      SM.toUpperCase(),
      SM.slice(0, -1),
      `x${SM}`,
      `IM${SM.slice(2)}`,
      '',
      `${SM}\u0000`,
    ];
    for (const sid of folded)
      assert.deepEqual(ofFields(['MessageSid', sid], ['From', '+1'], ['To', '+2']), UNKNOWN, sid);
    assert.deepEqual(ofFields(['MessageSid', SM], ['MessageSid', MM], ['From', '+1'], ['To', '+2']), UNKNOWN);
    assert.deepEqual(ofFields(['SmsSid', SM], ['From', '+1'], ['To', '+2']), UNKNOWN);
  });
});

describe('twilio identify, status callbacks', () => {
  it('makes each status of a message an event of its own, ordered by the message', () => {
    const expected = { orderingKey: SM, occurredAt: null, priority: 'normal' };
    assert.deepEqual(ofFixture('status-delivered'), {
      ...expected,
      type: 'message.delivered',
      dedupKey: `${SM}|delivered`,
    });
    assert.deepEqual(ofFixture('status-undelivered'), {
      ...expected,
      type: 'message.undelivered',
      dedupKey: `${SM}|undelivered|30003`,
    });
    assert.deepEqual(ofFixture('status-whatsapp-read'), {
      ...expected,
      type: 'message.read',
      dedupKey: `${SM}|read`,
    });
  });

  it('reads the older form that has SmsStatus alone', () => {
    assert.equal(ofFields(['MessageSid', SM], ['SmsStatus', 'sent']).dedupKey, `${SM}|sent`);
  });

  it('knows an incoming message by its status, whichever field says it', () => {
    for (const field of ['SmsStatus', 'MessageStatus']) {
      for (const status of ['received', 'receiving'])
        assert.equal(ofFields(['MessageSid', SM], [field, status]).type, 'message.received');
    }
  });

  it('does not guess at a status that is none', () => {
    for (const status of ['', 'delivered30003', 'a b', 'x'.repeat(33), 'sent\u0000']) {
      assert.deepEqual(ofFields(['MessageSid', SM], ['MessageStatus', status]), UNKNOWN, status);
    }
    assert.deepEqual(
      ofFields(['MessageSid', SM], ['MessageStatus', 'sent'], ['MessageStatus', 'read']),
      UNKNOWN,
    );
  });
});

describe('twilio identify, other shapes', () => {
  it('keeps calls and event streams as unknown, with no key that it would have to guess', () => {
    assert.deepEqual(ofFixture('voice-call'), UNKNOWN);
    assert.deepEqual(identityOf(twilio, json(fixture('twilio/event-stream.json'))), UNKNOWN);
    assert.deepEqual(identityOf(twilio, json(`{"MessageSid":"${SM}"}`)), UNKNOWN);
    assert.deepEqual(ofFields(['__proto__', SM], ['constructor', 'x']), UNKNOWN);
  });

  it('calls broken JSON, bare values and forms that do not decode malformed', () => {
    for (const body of ['', '{', '1', 'null', '"x"'])
      assert.equal(twilio.identify(json(body)).kind, 'malformed', body);
    for (const name of ['invalid-utf8', 'raw-invalid-utf8', 'broken-escape']) {
      assert.equal(twilio.identify(form(fixture(`twilio/${name}.form`))).kind, 'malformed', name);
    }
  });
});

describe('twilio answer and sample', () => {
  it('answers with empty TwiML, never with text that would go to the customer', () => {
    assert.deepEqual(twilio.answer(form('')), { status: 200, contentType: 'text/xml', body: '<Response/>' });
  });

  it('samples SMS and WhatsApp, with and without media, several customers', () => {
    const seen = {
      keys: new Set<string | null>(),
      priorities: new Set<string>(),
      channels: new Set<boolean>(),
    };
    for (let sequence = 0; sequence < 20; sequence += 1) {
      const request = signedSample(twilio, 'token', sequence);
      const identity = identityOf(twilio, request);
      assert.equal(identity.type, 'message.received');
      seen.keys.add(identity.orderingKey);
      seen.priorities.add(identity.priority);
      seen.channels.add(identity.orderingKey?.startsWith('whatsapp:') ?? false);
    }
    assert.deepEqual([seen.keys.size, seen.priorities.size, seen.channels.size], [10, 2, 2]);
  });

  it('signs a given form as the SDK does, and JSON by its hash in the URL, whatever query that has', () => {
    const signatureOf = (request: ReceivedRequest) => headerOf(request, 'x-twilio-signature');
    for (const name of ['incoming-sms', 'voice-call', 'unicode-plus-percent', 'repeated-parameters']) {
      const { body, url, ...request } = signedBody(twilio, 'token', fixture(`twilio/${name}.form`));
      assert.equal(url, URL_CALLED);
      const fields = parse(Buffer.from(body).toString());
      assert.ok(sdk.validateRequest('token', signatureOf({ body, url, ...request }), url, fields), name);
    }
    for (const text of ['{"a":"👋"}', ' \n[1]']) {
      for (const base of [URL_CALLED, `${URL_CALLED}?a=b`]) {
        const body = Buffer.from(text);
        const sample = twilio.sample({ url: base, secret: 'token', sequence: 0, now: NOW, body });
        const request = post(sample.headers, sample.body, URL_CALLED + (sample.query ?? ''));
        assert.equal(headerOf(request, 'content-type'), 'application/json');
        assert.ok(request.url.startsWith(`${base}${base === URL_CALLED ? '?' : '&'}bodySHA256=`));
        assert.ok(sdk.validateRequestWithBody('token', signatureOf(request), request.url, text));
        assert.ok(twilio.verify(request, ['token'], NOW).verified);
        assert.ok(!twilio.verify({ ...request, url: base }, ['token'], NOW).verified);
      }
    }
  });

  it('checks a token for what no header or form field could have carried', () => {
    for (const good of ['12345678901234567890123456789012', 'shared-key/+='])
      assert.equal(twilio.checkSecret(good), true);
    for (const bad of ['', 'a b', 'a\n', 'é', 'x'.repeat(257)])
      assert.equal(typeof twilio.checkSecret(bad), 'string');
  });
});
