import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';

import { LinearWebhookClient } from '@linear/sdk/webhooks';

import { linear } from '../../src/providers/linear.ts';
import { fixture, identityOf, NOW, post, refusal, withBody, withHeader } from './support/requests.ts';
import { headerOf } from './support/signed-provider.ts';
import { testSignedProvider } from './support/suite.ts';

const SECRET = 'lin_wh_UwTqXv9bH1tZ5wEYdk3mFxS7pQe2LcRa';
const HEADER = 'Linear-Signature';
const DELIVERY = '234d1a4e-b617-4388-90fe-adc3633d6b72';
const names = ['issue-create', 'agent-session-created'];
const ISSUE = fixture('linear/issue-create.json');

const webhook = (body: string | Uint8Array, signature: string) =>
  post(
    [
      ['Content-Type', 'application/json; charset=utf-8'],
      ['Linear-Delivery', DELIVERY],
      ['Linear-Event', 'Issue'],
      ['Linear-Timestamp', String(NOW)],
      [HEADER, signature],
    ],
    body,
  );
const signatureOf = (body: string | Uint8Array, secret = SECRET) =>
  createHmac('sha256', secret).update(body).digest('hex');
const signed = (body: string | Uint8Array) => webhook(body, signatureOf(body));
const of = (payload: unknown) => identityOf(linear, webhook(JSON.stringify(payload), ''));

/** The object with this time in it, as the first member where it had none; what is no object stays as it is. */
function timed(body: Uint8Array, at: number): Buffer {
  const member = `"webhookTimestamp":${at}`;
  const text = Buffer.from(body).toString('latin1');
  const replaced = text.includes('"webhookTimestamp":')
    ? text.replace(/"webhookTimestamp":\d+/, member)
    : text.replace(/^((?:\xef\xbb\xbf)?\{)(?=(.?))/s, (start, _open, next) =>
        next === '}' ? start + member : `${start}${member},`,
      );
  return Buffer.from(replaced, 'latin1');
}

testSignedProvider({
  provider: linear,
  secret: SECRET,
  otherSecret: 'lin_wh_of-another-webhook',
  proofHeaders: ['linear-signature'],
  bodies: new Map(names.map(name => [name, fixture(`linear/${name}.json`).toString()])),
  sign(body, { secret, at }) {
    const sent = timed(body, at);
    return webhook(sent, signatureOf(sent, secret));
  },
  sdk: {
    name: '@linear/sdk',
    sign: null,
    bodyOf: text => JSON.stringify({ text }),
    verifies(request, secret) {
      try {
        return new LinearWebhookClient(secret).verify(
          Buffer.from(request.body),
          headerOf(request, 'linear-signature'),
        );
      } catch {
        return false;
      }
    },
  },
});

describe('linear verify', () => {
  it('refuses a signed event without a time, or with one that is no number, as the SDK does', () => {
    const client = new LinearWebhookClient(SECRET);
    for (const time of ['', `"webhookTimestamp":null`, `"webhookTimestamp":"${Date.now()}"`]) {
      const body = Buffer.from(`{${time}}`);
      assert.equal(refusal(linear, signed(body), [SECRET]), 'timestamp_out_of_tolerance', time);
      assert.throws(() => client.verify(body, signatureOf(body)));
    }
    for (const time of [
      `[${NOW}]`,
      '1e999',
      `-${NOW}`,
      '99999999999999999999',
      `{"webhookTimestamp":${NOW}}`,
    ])
      assert.equal(
        refusal(linear, signed(`{"webhookTimestamp":${time}}`), [SECRET]),
        'timestamp_out_of_tolerance',
        time,
      );
  });

  it('never looks at the header with the time', () => {
    const stale = signed(timed(ISSUE, NOW - 86_400_000));
    assert.equal(refusal(linear, stale, [SECRET]), 'timestamp_out_of_tolerance');
    const fresh = withHeader(signed(timed(ISSUE, NOW)), 'Linear-Timestamp', '1');
    assert.equal(refusal(linear, fresh, [SECRET]), 'verified');
  });

  it('counts milliseconds', () => {
    const at = (time: number) => refusal(linear, signed(timed(ISSUE, time)), [SECRET]);
    assert.deepEqual([at(NOW - 60_000), at(NOW + 60_000)], ['verified', 'verified']);
    for (const time of [NOW - 60_001, NOW + 60_001]) assert.equal(at(time), 'timestamp_out_of_tolerance');
  });

  it('never takes base64, a prefix or upper case', () => {
    const base64 = createHmac('sha256', SECRET).update(ISSUE).digest('base64');
    const hex = signatureOf(ISSUE);
    for (const text of [base64, `sha256=${hex}`, ` ${hex}`, hex.toUpperCase()])
      assert.equal(refusal(linear, webhook(ISSUE, text), [SECRET]), 'malformed_signature', text);
  });
});

describe('linear identify', () => {
  it('names an event by delivery and content, its type by type and action, its order by the entity', () => {
    const { dedupKey, ...identity } = identityOf(linear, webhook(ISSUE, ''));
    assert.deepEqual(identity, {
      type: 'Issue.create',
      orderingKey: '2174add1-f7c8-44e3-bbf3-2d60b5ea8bc9',
      occurredAt: Date.UTC(2026, 10, 22, 11, 59, 58, 123),
      priority: 'normal',
    });
    assert.match(dedupKey ?? '', new RegExp(`^${DELIVERY}\\|[0-9a-f]{32}$`));
  });

  it('orders what an agent is asked by its session', () => {
    const session = identityOf(linear, webhook(fixture('linear/agent-session-created.json'), ''));
    assert.deepEqual(
      [session.type, session.orderingKey],
      ['AgentSessionEvent.created', '0f3bd1f5-5c1e-4d87-8a0f-5a3a1c2f9d77'],
    );
  });

  it('knows a delivery that is sent again at another time, and no other content or delivery by it', () => {
    const first = webhook(ISSUE, '');
    const keyOf = (body: Uint8Array | string) =>
      identityOf(linear, withBody(first, Buffer.from(body))).dedupKey;
    const key = keyOf(ISSUE);
    assert.equal(keyOf(timed(ISSUE, NOW + 3_600_000)), key);
    assert.notEqual(keyOf(ISSUE.toString().replace('Grüße', 'Grusse')), key);
    const other = withHeader(first, 'Linear-Delivery', DELIVERY.replace('2', '3'));
    assert.notEqual(identityOf(linear, other).dedupKey, key);
  });

  it('tells contents apart that only look as if their time were another', () => {
    const textOf = (title: string) => of({ data: { title }, webhookTimestamp: 1 }).dedupKey;
    assert.notEqual(textOf('"webhookTimestamp":1'), textOf('"webhookTimestamp":2'));
  });

  it('gives no dedup key by a delivery that is not there once, or is none', () => {
    const good = webhook(ISSUE, '');
    for (const value of [null, '', 'a b', 'x'.repeat(101), '../..'])
      assert.equal(
        identityOf(linear, withHeader(good, 'Linear-Delivery', value)).dedupKey,
        null,
        String(value),
      );
    const twice = { ...good, headers: [...good.headers, ['linear-delivery', DELIVERY] as const] };
    assert.equal(identityOf(linear, twice).dedupKey, null);
  });

  it('gives null for ids and times that are none', () => {
    for (const payload of [{}, { type: '', createdAt: 'soon', data: [] }, { type: 1, data: { id: {} } }]) {
      const { type, orderingKey, occurredAt } = of(payload);
      assert.deepEqual([type, orderingKey, occurredAt], ['unknown', null, null]);
    }
    assert.equal(of({ type: 'Issue', action: 5 }).type, 'Issue');
  });
});

describe('linear secrets', () => {
  it('are those of a webhook, never an API key', () => {
    for (const good of [SECRET, 'x']) assert.equal(linear.checkSecret(good), true);
    for (const bad of ['', ` ${SECRET}`, `${SECRET}\n`, 'lin_api_0123456789', 'lin_oauth_0123456789'])
      assert.equal(typeof linear.checkSecret(bad), 'string', bad);
  });
});
