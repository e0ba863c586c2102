import type { HeaderPairs } from '../envelope.ts';
import { shapedHeader } from '../headers.ts';
import type { Identified, Provider, ReceivedRequest, SampleOptions, SampleRequest } from '../provider.ts';
import { safeKey } from '../safe-key.ts';
import { bodyHash } from './event/identity-keys.ts';
import { idText, isoMs, type JsonObject, readJsonObject, valueAt } from './body/json-body.ts';
import { received } from './event/received.ts';
import { sampleGuid } from './event/sample-guid.ts';
import { checkTextSecret, hmacBase64, verifyText } from './proof/signature.ts';

const PROOF_HEADER = 'X-Shopify-Hmac-Sha256';
/** Base64 of the 32 bytes of an HMAC-SHA256. */
const SIGNATURE_RULES = { header: PROOF_HEADER.toLowerCase(), form: /^[A-Za-z0-9+/]{43}=$/ };

const TOPIC_FORM = /^[a-z][a-z0-9_]{0,63}(?:\/[a-z0-9_]{1,64}){1,3}$/;
/** GUIDs. */
const ID_FORM = /^[0-9A-Za-z-]{1,100}$/;
const SHOP_FORM = /^[0-9A-Za-z][0-9A-Za-z.-]{0,199}$/;

const verify = verifyText(SIGNATURE_RULES, (secret, { body }) => hmacBase64('sha256', secret, [body]));

function identify({ headers, body }: ReceivedRequest): Identified {
  const read = readJsonObject(body);
  if (read.kind === 'malformed') return read;
  const topic = shapedHeader(headers, 'x-shopify-topic', TOPIC_FORM);
  return {
    kind: 'event',
    identity: {
      type: topic === null ? 'unknown' : safeKey(topic),
      dedupKey: dedupKey(headers, body, topic),
      orderingKey: orderingKey(headers, read.value, topic),
      occurredAt: isoMs(shapedHeader(headers, 'x-shopify-triggered-at', /^/)),
      priority: 'normal',
    },
  };
}

/**
 * The event's id, which several topics and subscriptions can have in common, the topic and the body's hash. None of the headers is
 * signed, so that alone they could make a new event a repeat. A delivery that is sent again has the body that it had before.
 */
function dedupKey(headers: HeaderPairs, body: Uint8Array, topic: string | null): string | null {
  const event = shapedHeader(headers, 'x-shopify-event-id', ID_FORM);
  const id = event ?? shapedHeader(headers, 'x-shopify-webhook-id', ID_FORM);
  if (id === null) return null;
  return safeKey(id, topic ?? '', bodyHash(body));
}

/** The shop and its thing, of which each kind has ids of its own. A level of an inventory has that of its item. */
function orderingKey(headers: HeaderPairs, payload: JsonObject, topic: string | null): string | null {
  const shop = shapedHeader(headers, 'x-shopify-shop-domain', SHOP_FORM);
  const id = idText(valueAt(payload, 'id')) ?? idText(valueAt(payload, 'inventory_item_id'));
  if (shop === null || topic === null || id === null) return null;
  return safeKey(shop.toLowerCase(), topic.slice(0, topic.indexOf('/')), id);
}

function sample(options: SampleOptions): SampleRequest {
  const { secret, sequence, now, body = sampleBody(options) } = options;
  return {
    headers: [
      ['Content-Type', 'application/json'],
      [PROOF_HEADER, hmacBase64('sha256', secret, [body])],
      ['X-Shopify-Topic', 'orders/updated'],
      ['X-Shopify-Shop-Domain', 'sample.myshopify.com'],
      ['X-Shopify-API-Version', '2026-10'],
      ['X-Shopify-Webhook-Id', sampleGuid(`webhook/${now}/${sequence}`)],
      ['X-Shopify-Event-Id', sampleGuid(`event/${now}/${sequence}`)],
      ['X-Shopify-Triggered-At', new Date(now).toISOString()],
    ],
    body,
  };
}

/** Several, so that order per key can be watched. */
const SAMPLE_ORDERS = 5;

function sampleBody({ sequence, now }: SampleOptions): Uint8Array {
  const id = 820_982_911_946_154n + BigInt(sequence % SAMPLE_ORDERS);
  return Buffer.from(
    `{"id":${id},"admin_graphql_api_id":"gid:\\/\\/shopify\\/Order\\/${id}","created_at":"${new Date(now).toISOString()}",` +
      `"note":"Sample 👋","total_price":"${sequence % SAMPLE_ORDERS}.00","currency":"EUR"}`,
  );
}

/** Webhooks of apps and shops, proven by an HMAC-SHA256 over the raw body. */
export const shopify: Provider = {
  name: 'shopify',
  contentTypes: ['application/json'],
  bearerHeaders: [],
  proofHeaders: [PROOF_HEADER],
  signsUrl: false,
  // What is refused comes again for some hours, and then the subscription is gone.
  overLimit: 'defer',
  // Eight tries in four hours, and the subscription that an app made is deleted.
  rules: { waitsMs: 5_000, disables: true, sendsAgain: true },
  toleranceMs: null,
  verify,
  identify,
  answer: received,
  sample,
  checkSecret: checkTextSecret,
};
