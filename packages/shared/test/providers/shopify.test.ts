import assert from 'node:assert/strict';
import { createHmac, hash } from 'node:crypto';
import { describe, it } from 'node:test';

import '@shopify/shopify-api/adapters/web-api';
import { ApiVersion, LogSeverity, shopifyApi } from '@shopify/shopify-api';

import type { ReceivedRequest } from '../../src/provider.ts';
import { shopify } from '../../src/providers/shopify.ts';
import { fixture, identityOf, post, refusal, withBody, withHeader } from './support/requests.ts';
import { testSignedProvider } from './support/suite.ts';

const SECRET = 'shpss_0123456789abcdef0123456789abcdef';
const HEADER = 'X-Shopify-Hmac-Sha256';
const EVENT_ID = '98880550-7158-44d4-b7cd-2c97c8a091b5';
const WEBHOOK_ID = 'b54557e4-bdd9-4b37-8a5f-bf7d70bcd043';
const names = ['orders-create', 'products-update', 'inventory-levels-update', 'customers-data-request'];
const ORDER = fixture('shopify/orders-create.json');

function webhook(body: string | Uint8Array, signature: string, topic = 'orders/create') {
  return post(
    [
      ['Content-Type', 'application/json'],
      ['X-Shopify-Topic', topic],
      ['X-Shopify-Shop-Domain', 'example.myshopify.com'],
      ['X-Shopify-API-Version', '2026-10'],
      ['X-Shopify-Webhook-Id', WEBHOOK_ID],
      ['X-Shopify-Event-Id', EVENT_ID],
      ['X-Shopify-Triggered-At', '2026-11-22T12:00:27.877041743Z'],
      [HEADER, signature],
    ],
    body,
  );
}
const signatureOf = (body: string | Uint8Array, secret = SECRET) =>
  createHmac('sha256', secret).update(body).digest('base64');
const of = (payload: unknown, topic?: string) =>
  identityOf(shopify, webhook(JSON.stringify(payload), '', topic));

async function sdkVerifies({ headers, body }: ReceivedRequest, secret: string): Promise<boolean> {
  const { webhooks } = shopifyApi({
    apiKey: 'of-no-app',
    apiSecretKey: secret,
    apiVersion: ApiVersion.October26,
    hostName: 'hooks.example.com',
    isEmbeddedApp: false,
    logger: { level: LogSeverity.Error },
  });
  const rawRequest = new Request('https://hooks.example.com/', {
    method: 'POST',
    headers: headers.map(([name, value]) => [name, value] as [string, string]),
  });
  return (await webhooks.validate({ rawBody: Buffer.from(body).toString(), rawRequest })).valid;
}

testSignedProvider({
  provider: shopify,
  secret: SECRET,
  otherSecret: 'another secret of 64 hexadecimal digits',
  proofHeaders: ['x-shopify-hmac-sha256'],
  bodies: new Map(names.map(name => [name, fixture(`shopify/${name}.json`).toString()])),
  sign: (body, { secret }) => webhook(body, signatureOf(body, secret)),
  sdk: { name: '@shopify/shopify-api', sign: null, verifies: sdkVerifies },
});

describe('shopify verify', () => {
  it('never takes hexadecimal digits, base64 for URLs, or a signature without its padding', () => {
    const hex = createHmac('sha256', SECRET).update(ORDER).digest('hex');
    const right = signatureOf(ORDER);
    for (const text of [hex, right.slice(0, -1), `sha256=${right}`, ` ${right}`, `${right.slice(0, 42)}-=`])
      assert.equal(refusal(shopify, webhook(ORDER, text), [SECRET]), 'malformed_signature', text);
  });

  it('never takes the proof from the header of another kind of webhook', () => {
    const moved = withHeader(webhook(ORDER, ''), HEADER, null);
    const request = withHeader(moved, 'Shopify-Hmac-Sha256', signatureOf(ORDER));
    assert.equal(refusal(shopify, request, [SECRET]), 'missing_signature');
  });
});

describe('shopify identify', () => {
  const bodyHash = (body: string | Uint8Array) => hash('sha256', body, 'hex').slice(0, 32);

  it('names an event by event, topic and body, its type by the topic, its order by shop and thing', () => {
    assert.deepEqual(identityOf(shopify, webhook(ORDER, '')), {
      type: 'orders/create',
      dedupKey: `${EVENT_ID}|orders/create|${bodyHash(ORDER)}`,
      orderingKey: 'example.myshopify.com|orders|820982911946154508',
      occurredAt: Date.UTC(2026, 10, 22, 12, 0, 27, 877),
      priority: 'normal',
    });
  });

  it('knows a repeat under another delivery id, and no other topic or body by the same event id', () => {
    const key = identityOf(shopify, webhook(ORDER, '')).dedupKey;
    const again = withHeader(webhook(ORDER, ''), 'X-Shopify-Webhook-Id', EVENT_ID);
    assert.equal(identityOf(shopify, again).dedupKey, key);
    assert.notEqual(identityOf(shopify, webhook(ORDER, '', 'orders/updated')).dedupKey, key);
    assert.notEqual(
      identityOf(shopify, withBody(webhook(ORDER, ''), Buffer.from(`${ORDER.toString()} `))).dedupKey,
      key,
    );
  });

  it('takes the delivery id of what has no event id, and no key from headers that are none', () => {
    const without = withHeader(webhook(ORDER, ''), 'X-Shopify-Event-Id', null);
    assert.equal(identityOf(shopify, without).dedupKey, `${WEBHOOK_ID}|orders/create|${bodyHash(ORDER)}`);
    for (const value of [null, '', 'a b', 'x'.repeat(101), '../..'])
      assert.equal(
        identityOf(shopify, withHeader(without, 'X-Shopify-Webhook-Id', value)).dedupKey,
        null,
        String(value),
      );
    const twice = { ...without, headers: [...without.headers, ['x-shopify-webhook-id', 'b'] as const] };
    assert.equal(identityOf(shopify, twice).dedupKey, null);
  });

  it('calls a topic unknown that is none, and orders nothing by it', () => {
    for (const topic of [
      '',
      'orders',
      'Orders/create',
      'orders/',
      '/create',
      'orders/create ',
      'a/b/c/d/e',
    ]) {
      const { type, orderingKey } = of({ id: 1 }, topic);
      assert.deepEqual([type, orderingKey], ['unknown', null], topic);
    }
    assert.equal(of({}, 'customers/data_request').type, 'customers/data_request');
  });

  it('orders by kind, id and shop, a level of an inventory by its item, and nothing that has no id', () => {
    const level = webhook(fixture('shopify/inventory-levels-update.json'), '', 'inventory_levels/update');
    assert.equal(
      identityOf(shopify, level).orderingKey,
      'example.myshopify.com|inventory_levels|271878346596884015',
    );
    assert.equal(of({ id: 5 }, 'orders/paid').orderingKey, of({ id: '5' }, 'orders/updated').orderingKey);
    assert.notEqual(of({ id: 5 }, 'orders/paid').orderingKey, of({ id: 5 }, 'products/update').orderingKey);
    assert.equal(of({ shop_id: 954_889 }, 'customers/redact').orderingKey, null);
    const upper = withHeader(webhook(ORDER, ''), 'X-Shopify-Shop-Domain', 'Example.MyShopify.com');
    assert.equal(identityOf(shopify, upper).orderingKey, 'example.myshopify.com|orders|820982911946154508');
    for (const shop of [null, '', 'a b', '-a', 'a/b'])
      assert.equal(identityOf(shopify, withHeader(upper, 'X-Shopify-Shop-Domain', shop)).orderingKey, null);
  });

  it('has no time where the header is missing, there twice, or no instant', () => {
    for (const value of [null, '', 'soon', '2026-11-22', '0'])
      assert.equal(
        identityOf(shopify, withHeader(webhook(ORDER, ''), 'X-Shopify-Triggered-At', value)).occurredAt,
        null,
      );
  });
});

describe('shopify secrets', () => {
  it('are any text but one that a copy left white space on', () => {
    for (const good of [SECRET, 'x', '0'.repeat(64)]) assert.equal(shopify.checkSecret(good), true);
    for (const bad of ['', ' x', 'x\n']) assert.equal(typeof shopify.checkSecret(bad), 'string');
  });
});
