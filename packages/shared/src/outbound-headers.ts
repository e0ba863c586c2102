import { createHmac } from 'node:crypto';
import type { HeaderPairs } from './envelope.ts';
import { headerValues } from './headers.ts';
import { OF_A_TRACE, OF_THE_BODY, OF_THE_CONNECTION, OWN_PREFIX } from './reserved-headers.ts';
import { signingKey } from './signing-key.ts';

export interface OutboundWebhook {
  readonly deliveryId: string;
  /** The URL that the provider called. */
  readonly url: string;
  readonly headers: HeaderPairs;
  /** Those that its destination gives each request. */
  readonly destinationHeaders?: HeaderPairs;
  /** As it is sent. */
  readonly body: Uint8Array;
  /** It is JSON that a route made; the original's own description of its body does not fit it. */
  readonly isTransformed: boolean;
  readonly replay: boolean;
  /** The body is the so-manieth that a person made of it. */
  readonly edit?: number;
  /** The attempt's own place in the trace; none: there are no traces. */
  readonly traceparent?: string;
  readonly signingSecret: string | null;
  readonly now: Date;
}

/**
 * The original headers in their order, duplicates kept, except what belongs to the connection, `ackline-*` names and what the destination
 * has a header of its own for; then the destination's; then Ackline's own: the Standard Webhooks triple, the called URL, the marks of a replay and of an edit. Where the original has a `webhook-*` name it stays, and
 * Ackline's is `ackline-webhook-*`; likewise with `traceparent`. Flat: name, value, name, value, …
 */
export function outboundHeaders(webhook: OutboundWebhook): string[] {
  const { headers, destinationHeaders = [] } = webhook;
  const replaced = new Set(destinationHeaders.map(([name]) => name.toLowerCase()));
  const left = replaced.size === 0 ? headers : headers.filter(([name]) => !replaced.has(name.toLowerCase()));
  const { original, own } = deliveryHeaders({ ...webhook, headers: left, prefixed: true });
  return [...original, ...destinationHeaders, ...own].flat();
}

/** The original headers, for who reads the body that goes out: of one that a route made they say that it is JSON. */
export function describedHeaders({
  headers,
  isTransformed,
}: Pick<OutboundWebhook, 'headers' | 'isTransformed'>): HeaderPairs {
  if (!isTransformed) return headers;
  const others = headers.filter(([name]) => !OF_THE_BODY.has(name.toLowerCase()));
  return [...others, ['content-type', 'application/json']];
}

export interface DeliveryHeaders {
  readonly original: HeaderPairs;
  readonly own: HeaderPairs;
}

/** `prefixed`: both go into one list, so that Ackline's make room for `webhook-*` names of the original. */
export function deliveryHeaders(webhook: OutboundWebhook & { readonly prefixed: boolean }): DeliveryHeaders {
  const listed = connectionOptions(webhook.headers);
  const original: [name: string, value: string][] = [];
  let isTaken = false;
  for (const [name, value] of webhook.headers) {
    const lower = name.toLowerCase();
    // Ackline's own names say what Ackline says: nobody else's value comes before it.
    if (OF_THE_CONNECTION.has(lower) || listed.has(lower) || lower.startsWith(OWN_PREFIX)) continue;
    if (webhook.isTransformed && OF_THE_BODY.has(lower)) continue;
    isTaken ||= webhook.prefixed && lower.startsWith('webhook-');
    original.push([name, value]);
  }
  // All of Ackline's names move together, so that a receiver finds its triple under one prefix.
  const own = ownHeaders(webhook);
  if (isTaken)
    for (const pair of own) if (pair[0].startsWith('webhook-')) pair[0] = `${OWN_PREFIX}${pair[0]}`;
  return { original, own: [...own, ...traceHeader(webhook, original)] };
}

function traceHeader(
  { traceparent, prefixed }: { readonly traceparent?: string; readonly prefixed: boolean },
  original: HeaderPairs,
): HeaderPairs {
  if (traceparent === undefined) return [];
  const isTaken = prefixed && original.some(([name]) => OF_A_TRACE.has(name.toLowerCase()));
  return [[isTaken ? `${OWN_PREFIX}traceparent` : 'traceparent', traceparent]];
}

function ownHeaders(webhook: OutboundWebhook): [name: string, value: string][] {
  const seconds = Math.floor(webhook.now.getTime() / 1000);
  const headers: [string, string][] = [
    ['webhook-id', webhook.deliveryId],
    ['webhook-timestamp', String(seconds)],
  ];
  if (webhook.signingSecret !== null)
    headers.push(['webhook-signature', sign(webhook, webhook.signingSecret, seconds)]);
  headers.push(['ackline-url', webhook.url]);
  if (webhook.replay) headers.push(['webhook-replay', 'true']);
  if (webhook.edit !== undefined) headers.push(['ackline-edited', String(webhook.edit)]);
  if (webhook.isTransformed) {
    headers.push(['content-type', 'application/json'], ['ackline-transformed', 'true']);
  }
  return headers;
}

/** Standard Webhooks v1, over the exact bytes: the reference library takes text, and would change bytes that are not UTF-8. */
function sign(webhook: OutboundWebhook, secret: string, seconds: number): string {
  const hmac = createHmac('sha256', signingKey(secret));
  hmac.update(`${webhook.deliveryId}.${seconds}.`).update(webhook.body);
  return `v1,${hmac.digest('base64')}`;
}

/** Headers that the original's `Connection` names as its own. */
function connectionOptions(headers: HeaderPairs): ReadonlySet<string> {
  const values = headerValues(headers, 'connection');
  return new Set(values.flatMap(value => value.split(',').map(option => option.trim().toLowerCase())));
}
